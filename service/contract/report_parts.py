"""Parts of a training report: one kind of measurement each. Numbers are of the held-out part."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ReportPart(BaseModel):
    """Frozen; None in a field of numbers is "could not be measured"."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Interval(ReportPart):
    """Ends of an interval of 95 % from a bootstrap whose clusters are the sets of edited genes."""

    low: float
    high: float


class PredictorRow(ReportPart):
    """One predictor's figures on the test designs of a label, in the label's unit.

    `role`: `model` for a reading of the trained model, `null` for what it has to beat. `r2` is
    against the test part's own mean; `wasserstein` is the distance of the distributions of
    predicted and measured values, in the label's unit. `spearman_within_groups` is the mean of
    the Spearman correlations within groups (`LabelReport.groups`), weighted by their designs.
    `average_precision` and `precision_at_k` are of finding the designs of `LabelReport.top`. Every
    interval is of the same resamples; those in which a figure cannot be measured do not count.
    """

    predictor: str
    role: Literal["model", "null"]
    spearman: float | None
    pearson: float | None
    rmse: float | None
    mae: float | None
    r2: float | None
    wasserstein: float | None
    spearman_within_groups: float | None = None
    average_precision: float | None = None
    precision_at_k: float | None = None
    spearman_interval: Interval | None = None
    pearson_interval: Interval | None = None
    r2_interval: Interval | None = None
    rmse_interval: Interval | None = None
    mae_interval: Interval | None = None
    wasserstein_interval: Interval | None = None
    spearman_within_groups_interval: Interval | None = None
    average_precision_interval: Interval | None = None
    precision_at_k_interval: Interval | None = None


class NullDifference(ReportPart):
    """A correlation of the model less that of one null, on the same designs.

    The interval is of 95 %, from a bootstrap that draws whole sets of genes with the predictions
    of both, so that what they share cancels.
    """

    null: str
    difference: float
    low: float
    high: float


class Seen(ReportPart):
    """How many genes, and pairs of genes, of the test designs the training designs hold.

    Designs with an edit that the model cannot encode are counted here, too, though no other
    figure holds them.
    """

    genes_seen_count: int
    gene_count: int
    pairs_seen_count: int
    pair_count: int


class Top(ReportPart):
    """Which test designs count as good: `positive_count` of them, at least `threshold`.

    `k` predictions are looked at by `precision_at_k`; a random order reaches `base_rate`.
    """

    statement: str
    threshold: float
    k: int
    positive_count: int
    base_rate: float


class HeldOutGroup(ReportPart):
    """Test designs that share a value of a column, e.g. a cycle.

    `is_counted`: large enough (5 designs) for the mean of `spearman_within_groups`. `spearman` is
    of the predictor in the first row of the table.
    """

    column: str
    value: str
    design_count: int
    is_counted: bool
    spearman: float | None
    spearman_interval: Interval | None = None


class Coverage(ReportPart):
    """Share of test designs whose measured value lies in its interval of nominal `level`.

    `mean_width` is in the label's unit. A level for which there are too few calibration values has
    no entry.
    """

    level: float
    coverage: float
    coverage_interval: Interval | None = None
    mean_width: float
    design_count: int


class Calibration(ReportPart):
    """Whether intervals hold what they say.

    `pit_counts` is the histogram of the share of the predictive distribution below the measured
    value, over equal bins of 0 to 1: flat where intervals are right, U-shaped where too narrow.
    `pit_distance` is the largest distance of its distribution from the uniform one.
    """

    method: str
    calibrated_on: str
    calibration_design_count: int
    coverages: tuple[Coverage, ...]
    pit_counts: tuple[int, ...] = ()
    pit_distance: float | None = None


class Ceiling(ReportPart):
    """How much of the variance between test designs is above the error of their measurement.

    `reliability` = 1 - mean error variance of the measured means / their observed variance, on
    `scale`. A perfect prediction has at most the Pearson correlation sqrt(reliability) and
    R2 = reliability. `design_count` designs of the table have the `repeat_count` repeats (or sds)
    that `error_sd`, of one build or row, is estimated from; `reason` says why there is no figure.
    """

    kind: Literal["within_build", "across_builds"]
    scale: str
    statement: str
    reliability: float | None = None
    reliability_interval: Interval | None = None
    max_pearson: float | None = None
    max_r2: float | None = None
    error_sd: float | None = None
    design_count: int = 0
    repeat_count: int = 0
    reason: str | None = None


class Headline(ReportPart):
    """What there is beyond the neutral expectation, and what the model explains of it.

    Over test designs of two edits or more, on the scale that `scale` names: `variance` of
    measured - expected_neutral; `share_above_noise` of it is not `noise_variance` (error variance
    of a design's mean, by `noise_source`); `share_explained` is the share of the variance above
    noise that the model's interaction explains (where the noise is not known, of all of it).
    `explained_by_predictor` has every predictor of values. `reason` says why a number is missing.
    """

    statement: str
    scale: str
    neutral_model: str
    noise_source: Literal["across_builds", "within_build"] | None = None
    design_count: int = 0
    variance: float | None = None
    noise_variance: float | None = None
    share_above_noise: float | None = None
    share_above_noise_interval: Interval | None = None
    share_explained: float | None = None
    share_explained_interval: Interval | None = None
    explained_by_predictor: dict[str, float | None] = Field(default_factory=dict)
    reason: str | None = None


class OrderRow(ReportPart):
    """Residuals (measured - predicted) of the test designs with `order` edits."""

    order: int
    design_count: int
    residual_mean: float
    residual_sd: float | None
    rmse: float
    spearman: float | None


class Readings(ReportPart):
    """y_intact beside y_compose, in the label's unit.

    `difference_*` are of y_intact - y_compose (ensemble means) over test designs of two edits or
    more; `ensemble_sd_rms` is the root mean square of its sd over members. `error_correlation` is
    its Pearson correlation with measured - y_compose: above 0 where what y_intact adds is right.
    `permutation_p` is the share of 1,000 permutations of the designs that reach it.
    """

    rank_agreement: float | None
    design_count: int
    difference_mean: float | None = None
    difference_rms: float | None = None
    ensemble_sd_rms: float | None = None
    error_correlation: float | None = None
    permutation_p: float | None = None


class HeldOutColumns(ReportPart):
    """One value a test design, in the label's unit: what plots are made of.

    At most 20,000 designs, by a random draw that `draw` states where there are more. `order` is
    the number of edits, `group` the value of the column of `LabelReport.groups` (None where the
    table has none), `low` and `high` the ends of the interval of `level`.
    """

    draw: str | None = None
    genotype: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    group: tuple[str | None, ...] = ()
    measured: tuple[float, ...] = ()
    prediction: tuple[float, ...] = ()
    y_compose: tuple[float, ...] = ()
    best_null: tuple[float, ...] = ()
    expected_neutral: tuple[float, ...] = ()
    sd: tuple[float, ...] = ()
    level: float | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
