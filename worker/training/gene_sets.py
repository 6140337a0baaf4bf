"""Which designs edit the same genes: they err alike, and are drawn together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design


def gene_sets(designs: Sequence[Design]) -> NDArray[np.int64]:
    """A number for the set of genes of each design [N]."""
    number: dict[frozenset[str], int] = {}
    sets = [frozenset(edit.locus for edit in design.edits) for design in designs]
    return np.array([number.setdefault(loci, len(number)) for loci in sets], dtype=np.int64)
