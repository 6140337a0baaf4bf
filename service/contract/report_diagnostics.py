"""What a report draws beside its figures: per design, per epoch, per loss term, per order.

Lists of one class have one length and one order. Large data sets are drawn: `design_count` tells
how many designs a figure is about, the lists hold those that are shown.
"""

from typing import Literal

from pydantic import BaseModel

# Designs that are shown one by one; of more, so many are drawn at random.
MOST_SHOWN = 1500

Part = Literal["test", "train"]


class Quantiles(BaseModel):
    """A distribution over designs of one order; the ends are the 5 % and 95 % quantiles."""

    order: int
    count: int
    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float


class ShownDesigns(BaseModel):
    """Measured and predicted, design by design, in the label's unit.

    `measured_sd` is what is known of the error of a design's mean (None: nothing is), by
    `sd_source`. `predicted` is the mean of y_intact over the members and `predicted_sd` their
    spread; `expected_neutral` is what independent edits would give.
    """

    genotype: list[str]
    order: list[int]
    measured: list[float]
    measured_sd: list[float | None]
    predicted: list[float]
    predicted_sd: list[float]
    expected_neutral: list[float]


class DesignFigures(BaseModel):
    """One label over the designs of a part, with the designs that are shown.

    `residual_by_order` is measured less predicted. `furthest` are the designs that the model is
    furthest from, the furthest first.
    """

    label: str
    unit: str
    is_log: bool
    neutral_model: str
    part: Part
    design_count: int
    sd_source: str
    shown: ShownDesigns
    residual_by_order: list[Quantiles]
    furthest: ShownDesigns


class EpochPoint(BaseModel):
    """Mean terms of an epoch (unweighted; `total` is what was minimised), and what was held out.

    Members count from 0, epochs from 1. `validation_rmse` is in standard deviations of the label.
    """

    member: int
    epoch: int
    terms: dict[str, float]
    validation_rmse: float | None = None
    validation_spearman: float | None = None


class TermConflict(BaseModel):
    """Cosines between the gradients of the loss terms with respect to all weights.

    Of one member (counted from 0: the first that left its additive start, else the first), at its
    best weights, over `row_count` training observations. None: the gradient of a term is 0.
    """

    member: int
    terms: list[str]
    norm: list[float]
    cosine: list[list[float | None]]
    row_count: int


class CompositionFigures(BaseModel):
    """|z_I - z_W - z_P| / |z_P| by order, median over the members."""

    part: Part
    design_count: int
    member_count: int
    by_order: list[Quantiles]


class PermutationTest(BaseModel):
    """A figure beside what permutations of the designs (within their order) give.

    `null_low` and `null_high` hold 95 % of them; `p_value` is the share of permutations, this one
    included, that are at least as large.
    """

    value: float
    null_median: float
    null_low: float
    null_high: float
    p_value: float
    permutation_count: int


class DifferenceFigures(BaseModel):
    """y_intact - y_compose of one label, in its unit, over designs of two edits or more.

    `member_sd` is the median over the designs of the members' spread of the difference, and
    `beyond_two_sd_share` the share of designs whose mean difference is larger than two of it.
    `agreement`: root mean square of the members' mean difference, beside that with each member's
    differences permuted: do the members agree which designs deviate? Over the members that left
    their additive start; None with fewer than two.
    """

    label: str
    unit: str
    part: Part
    design_count: int
    by_order: list[Quantiles]
    root_mean_square: float
    member_sd: float | None = None
    beyond_two_sd_share: float | None = None
    agreement: PermutationTest | None = None


class LatentMap(BaseModel):
    """z_I over designs of both parts in two dimensions, of the first member alone.

    `value` is measured, in the label's unit. `share` is the variance of both principal components,
    of 1; None for `umap`, whose axes have neither variance nor unit. `reference` is z_W.
    """

    method: Literal["pca", "umap"] = "pca"

    label: str
    unit: str
    is_log: bool
    design_count: int
    share: tuple[float, float] | None
    reference: tuple[float, float]
    first: list[float]
    second: list[float]
    order: list[int]
    value: list[float | None]
    is_test: list[bool]


class ReportDiagnostics(BaseModel):
    """Everything that the report's pictures show. `left_out`: why a section has none."""

    designs: list[DesignFigures]
    epochs: list[EpochPoint] = []
    conflict: TermConflict | None = None
    composition: CompositionFigures | None = None
    differences: list[DifferenceFigures] = []
    latent_map: LatentMap | None = None
    left_out: dict[str, str] = {}
