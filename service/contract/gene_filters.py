"""Conditions on what is known of genes."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.contract.search_fields import Finite, Name


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureRange(_Spec):
    """A condition on a feature of a gene: at_least <= value <= at_most, in the feature's unit.

    A category is a feature `column=category` of 1 and 0, and so is an annotation: ask for
    `at_least` 1, or `at_most` 0. A gene of which the value is missing does not fulfil it.
    """

    feature: Name
    at_least: Finite | None = None
    at_most: Finite | None = None

    @model_validator(mode="after")
    def _some_end(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.feature}: give at_least, at_most, or both")
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError(
                f"{self.feature}: at_least {self.at_least:g} is above at_most {self.at_most:g}"
            )
        return self


class GeneFilter(_Spec):
    """Genes of a gene table that fulfil every condition of `where`."""

    gene_table_id: str
    where: Annotated[tuple[FeatureRange, ...], Field(min_length=1, max_length=64)]
