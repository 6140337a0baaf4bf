"""Models beside each other: what to compare, and what is said of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.contract.inference import MAX_DESIGNS_PER_REQUEST
from service.contract.registry import LabelFigures


class ComparedOn(StrEnum):
    """Which designs the rankings are of."""

    TEST_PART = "test_part"
    GENOTYPES = "genotypes"


class TopOf(StrEnum):
    """Which end of a ranking is its top."""

    HIGHEST = "highest"
    LOWEST = "lowest"


class CompareRequest(BaseModel):
    """Two to ten models, by id, `name@version` or `name@alias`.

    Rankings are of `genotypes`, or without them of the designs of the test part that all models
    have predicted. `top_count` designs are the top of a ranking.
    """

    model_config = ConfigDict(extra="forbid")

    model_ids: Annotated[list[str], Field(min_length=2, max_length=10)]
    genotypes: Annotated[
        list[str] | None, Field(min_length=3, max_length=MAX_DESIGNS_PER_REQUEST)
    ] = None
    top_count: Annotated[int, Field(ge=1, le=1000)] = 20
    top_of: TopOf = TopOf.HIGHEST
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class ComparedModel(BaseModel):
    """One of the models; `figures` are there if they are of one test part."""

    model_id: str
    name: str
    version: int
    kind: str
    dataset_id: str
    figures: list[LabelFigures] = []


class Agreement(BaseModel):
    """How two models rank the same designs by one label.

    `spearman` is None where a model predicts one value for all. Two random rankings have
    `chance_overlap_count` of their top `top_count` in common, on average.
    """

    label: str
    model_ids: tuple[str, str]
    design_count: int
    spearman: float | None = None
    top_count: int
    top_overlap_count: int
    chance_overlap_count: float


class Comparison(BaseModel):
    """The models in the order asked for.

    `is_same_test` says whether their figures are of one test part; `reasons` say why not, or why
    there is no agreement, and what to do.
    """

    models: list[ComparedModel]
    is_same_test: bool
    compared_on: ComparedOn | None = None
    agreements: list[Agreement] = []
    reasons: list[str] = []
