"""What is asked of a model and what comes back: columnar, one array a field, in request order."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_DESIGNS_PER_REQUEST = 10_000


class ScoreField(StrEnum):
    """A column of an answer, per label unless it is said otherwise."""

    MEAN = "mean"
    SD = "sd"
    MIN = "min"
    MAX = "max"
    EXPECTED_NEUTRAL = "expected_neutral"
    INTERACTION = "interaction"
    Y_COMPOSE = "y_compose"
    Y_INTACT = "y_intact"
    SUPPORT = "support"  # per design


class ScoreRequest(BaseModel):
    """Designs to score, as genotypes; `fields` selects columns (default: all)."""

    model_config = ConfigDict(extra="forbid")

    genotypes: Annotated[list[str], Field(min_length=1, max_length=MAX_DESIGNS_PER_REQUEST)]
    fields: list[ScoreField] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class LabelScores(BaseModel):
    """Predictions of one label, in its original unit; one value a design, in request order.

    `mean`, `sd`, `min`, `max` are over the members of the ensemble (sd with ddof = 1, 0 for one
    member). `interaction` = mean - expected_neutral, whose model is `neutral_model`.
    """

    name: str
    unit: str
    neutral_model: str
    mean: list[float] | None = None
    sd: list[float] | None = None
    min: list[float] | None = None
    max: list[float] | None = None
    expected_neutral: list[float] | None = None
    interaction: list[float] | None = None
    y_compose: list[float] | None = None
    y_intact: list[float] | None = None


class Support(BaseModel):
    """Training rows behind each design: of the design itself, and of its rarest edit and pair.

    `edit_count_min` and `pair_count_min` are None for designs with no edit, or no pair.
    """

    design_count: list[int]
    edit_count_min: list[int | None]
    pair_count_min: list[int | None]


class ScoreAnswer(BaseModel):
    """The answer: genotypes in canonical text, then one entry a label."""

    model_id: str
    vocabulary_sha256: str
    genotypes: list[str]
    labels: list[LabelScores]
    support: Support | None = None
