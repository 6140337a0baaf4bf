"""The report of a training: what was held out, how well it was predicted, and a plain verdict."""

from typing import Any, Literal, Self

from pydantic import Field

from service.contract.report_diagnostics import ReportDiagnostics
from service.contract.report_parts import (
    Calibration,
    Ceiling,
    Headline,
    HeldOutColumns,
    HeldOutGroup,
    NullDifference,
    OrderRow,
    PredictorRow,
    Readings,
    ReportPart,
    Seen,
    Top,
)
from service.contract.selection import Selection


class SplitReport(ReportPart):
    """What was held out, in words and counts.

    `left_out` counts, by reason, designs or rows that are in neither part of the test.
    """

    kind: str
    description: str
    train_design_count: int
    train_observation_count: int
    train_control_design_count: int
    test_design_count: int
    left_out: dict[str, int]


class TransformReport(ReportPart):
    """How a label was put on the learned scale, and on which part that was fitted.

    learned = (f(max(value, detection limit)) - center) / spread, f the identity or the log.
    """

    kind: str
    center: float
    spread: float
    detection_limit: float | None = None
    fitted_on: str


class BatchTie(ReportPart):
    """Batches that were compared, directly or through others, and the designs that did it."""

    batches: tuple[str, ...]
    shared_design_count: int


class LabelReport(ReportPart):
    """One label: the model's readings and its nulls on the same test designs.

    `table` has the model's readings first (y_intact, then y_compose where there are two), then the
    nulls. `best_null` is the null that does best on the test part itself, which is hard on the
    model; the differences compare the first row with every null, over `resample_count` resamples.
    `nulls_left_out` says why a null is not there.
    """

    name: str
    kind: str
    unit: str
    neutral_model: str
    scale_of_metrics: str
    learned_scale: str
    transform: TransformReport
    train_design_count: int
    test_design_count: int
    test_gene_set_count: int
    censored_count: int
    test_censored_count: int = 0
    batch_offsets: dict[str, dict[str, float]]
    batch_ties: dict[str, tuple[BatchTie, ...]] = Field(default_factory=dict)
    batch_offset_sd: float | None = None
    batch_noise_sd: float | None = None
    headline: Headline
    table: tuple[PredictorRow, ...]
    best_null: str | None = None
    resample_count: int = 0
    spearman_differences: tuple[NullDifference, ...] = ()
    pearson_differences: tuple[NullDifference, ...] = ()
    within_group_differences: tuple[NullDifference, ...] = ()
    nulls_left_out: dict[str, str] = Field(default_factory=dict)
    seen: Seen | None = None
    groups: tuple[HeldOutGroup, ...] = ()
    top: Top | None = None
    calibration: Calibration | None = None
    ceilings: tuple[Ceiling, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    readings: Readings | None = None
    rank_agreement_of_readings: float | None = None
    verdict: str
    test: HeldOutColumns | None = None


class LatentReport(ReportPart):
    """State of the latent space of a network, medians over its members.

    `composition_residual_median` is |z_I - (z_W + z_P)| / |z_P|; it depends on the gauge of the
    latent space.
    """

    statement: str
    composition_residual_median: float
    effective_rank: float
    variance: float
    shuffled_residual_ratio: float
    collapsed_member_count: int
    member_at_additive_start_count: int


class TrainingReport(ReportPart):
    """What `report.json` holds; without the columns of single designs, what a job and model show.

    `selection` tells how the model `auto` chose its kind. `notes` are rules that hold for every
    number here.
    """

    format_version: Literal[1] = 1
    model_name: str
    model_kind: str
    split: SplitReport
    labels: tuple[LabelReport, ...] = Field(min_length=1)
    latent: LatentReport | None = None
    selection: Selection | None = None
    notes: tuple[str, ...] = ()
    diagnostics: ReportDiagnostics | None = None

    def summary(self) -> Self:
        """The report without its columns of single designs and what only pictures show."""
        labels = tuple(label.model_copy(update={"test": None}) for label in self.labels)
        return self.model_copy(update={"labels": labels, "diagnostics": None})

    def as_json(self) -> dict[str, Any]:
        """The summary as plain JSON, as events, jobs and models carry it."""
        return self.summary().model_dump(mode="json", exclude={"diagnostics"})
