"""Designs as they are sent."""

from collections.abc import Iterable

from service.contract.designs import Design


def genotypes_of(designs: str | Design | Iterable[str | Design]) -> list[str]:
    """The genotype of each; one design alone is a list of one, and not of its letters."""
    each = [designs] if isinstance(designs, str | Design) else designs
    return [item.genotype if isinstance(item, Design) else item for item in each]
