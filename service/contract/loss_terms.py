"""Loss terms: name, formula, parameters, what they need, where they come from.

``L = sum_t weight_t * term_t``. The regression term reads both readings of the head. Parameters
in the labels' unit are on the standardised label: 1 is one standard deviation of the training part.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Weight = Annotated[
    float, Field(ge=0, allow_inf_nan=False, description="weight in the sum; 0: not computed")
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
# What a job may ask for: beyond it float32 has nothing to tell apart. The functions take more.
AboveZero = Annotated[float, Field(ge=1e-6, le=1e6, allow_inf_nan=False)]


class StopGradient(StrEnum):
    """Which side of the composition loss is held fixed."""

    NONE = "none"
    INTACT = "intact"
    SHIFT = "shift"


class Need(StrEnum):
    """What a loss reads beside predictions and labels."""

    TRAINING_LABELS = "training_labels"
    SD = "sd"
    DETECTION_LIMIT = "detection_limit"
    LATENT = "latent"
    PARAMETERS = "parameters"
    SAMPLES = "samples"
    NEGATIVES = "negatives"
    BATCHES = "batches"
    ASSIGNMENTS = "assignments"
    VELOCITIES = "velocities"


class TermSpec(BaseModel):
    """What every loss states of itself beside its parameters, which are its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    formula: ClassVar[str]
    needs: ClassVar[tuple[Need, ...]] = ()
    source: ClassVar[tuple[str, ...]] = ()
    # Why a training job cannot name it, and what to name instead; empty: it can.
    refusal: ClassVar[str] = ""


class MseTerm(TermSpec):
    """Mean squared error of both readings, labels standardised; missing ones carry no weight."""

    formula = "mean (p - y)^2"

    name: Literal["mse"] = "mse"
    weight: Weight = 1.0


class HuberTerm(TermSpec):
    """Squares for small errors, absolute values for large ones: outliers pull less."""

    formula = "mean of e^2 / 2 where |e| <= delta, of delta (|e| - delta / 2) beyond; e = p - y"
    source = ("Huber 1964, doi:10.1214/aoms/1177703732",)

    name: Literal["huber"] = "huber"
    weight: Weight = 1.0
    delta: Annotated[AboveZero, Field(description="where squares end, in sds of the label")] = 1.0


class GaussianNllTerm(TermSpec):
    """Gaussian likelihood with the measured sd of every label: the exact ones weigh more.

    Every label needs an `sd_column`; a label whose own sd is missing takes the root mean square of
    the training part's.
    """

    formula = "mean -log N(y; p, max(sd, floor)^2)"
    needs = (Need.SD,)
    source = ("Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138",)

    name: Literal["gaussian_nll"] = "gaussian_nll"
    weight: Weight = 1.0
    floor: Annotated[
        AboveZero, Field(description="least sd that is believed, in sds of the label")
    ] = 0.1


class TobitTerm(TermSpec):
    """Likelihood that takes a value below the detection limit for no more than that.

    An observation is censored where all its replicates lie below the limit. At least one label
    needs a `detection_limit`.
    """

    formula = "mean of -log N(y; p, sd^2) where measured, of -log Phi((limit - p) / sd) below"
    needs = (Need.DETECTION_LIMIT,)
    source = ("Tobin 1958, doi:10.2307/1907382",)

    name: Literal["tobit"] = "tobit"
    weight: Weight = 1.0
    sd: Annotated[AboveZero, Field(description="sd of the noise, in sds of the label")] = 0.5


class HurdleTerm(TermSpec):
    """Dead or alive first, then how well: a dead strain's label says only that it is dead.

    An observation is dead where all its replicates are at or below the threshold; interaction
    labels have no hurdle.
    """

    formula = (
        "mean of -log(1 - P) where dead, of -log P - log N(y; p, sd^2) where alive; "
        "P = 1 / (1 + exp(-(p - threshold) / scale))"
    )
    source = (
        "Cragg 1971, doi:10.2307/1909582",
        "Mullahy 1986, doi:10.1016/0304-4076(86)90002-3",
    )

    name: Literal["hurdle"] = "hurdle"
    weight: Weight = 1.0
    threshold: Annotated[
        Finite, Field(description="at or below it a strain is dead, in the label's unit")
    ] = 0.0
    sd: Annotated[AboveZero, Field(description="sd of the living, in sds of the label")] = 0.5
    scale: Annotated[AboveZero, Field(description="width of the hurdle, in sds of the label")] = 0.5


class CrpsTerm(TermSpec):
    """CRPS of a Gaussian around the prediction: square near 0, absolute value far away."""

    formula = "mean sd (w (2 Phi(w) - 1) + 2 phi(w) - 1 / sqrt(pi)), w = (y - p) / sd"
    source = (
        "Gneiting and Raftery 2007, doi:10.1198/016214506000001437",
        "Gneiting et al. 2005, doi:10.1175/MWR2904.1",
    )

    name: Literal["crps"] = "crps"
    weight: Weight = 1.0
    sd: Annotated[AboveZero, Field(description="sd of the Gaussian, in sds of the label")] = 0.5


class DistTerm(TermSpec):
    """Distance between sorted predictions and pseudo-labels, made of the training labels.

    By default pseudo-labels are the empirical quantiles at (i + 0.5) / M, unbiased at any batch
    size; the rule `official` is the published one, and biased at small batches.
    """

    formula = "mean over i of d(p_(i), Q((i + 1/2) / M)), Q the inverse CDF of the training labels"
    needs = (Need.TRAINING_LABELS,)
    source = ("Nie et al. 2024, Dist Loss, arXiv:2411.15216",)

    name: Literal["dist"] = "dist"
    weight: Weight = 0.1
    rule: Annotated[
        Literal["quantile", "kde", "official"], Field(description="what Q is the inverse CDF of")
    ] = "quantile"
    distance: Annotated[Literal["l2", "l1", "huber"], Field(description="what d is")] = "l2"
    delta: Annotated[
        AboveZero, Field(description="of huber: where squares end, in sds of the label")
    ] = 1.0
    bandwidth: Annotated[
        AboveZero | None,
        Field(description="of kde and official: kernel sd over the labels' sd; null: N^(-1/5)"),
    ] = None
    step: Annotated[
        AboveZero, Field(description="of official: step of the grid, in sds of the label")
    ] = 0.1


class SupcrTerm(TermSpec):
    """Supervised contrastive regression over z_P and z_I, summed."""

    formula = (
        "1/(N (N-1)) sum over i, j != i of -log( exp(s_ij / t) / sum over k != i with "
        "d_ik >= d_ij of exp(s_ik / t) )"
    )
    needs = (Need.LATENT,)
    source = ("Zha et al. 2023, Rank-N-Contrast, arXiv:2210.01189",)

    name: Literal["supcr"] = "supcr"
    weight: Weight = 0.1
    temperature: Annotated[
        float, Field(ge=1e-6, le=100, description="t, divides the similarities")
    ] = 1.0
    similarity: Annotated[
        Literal["neg_l2", "cosine"], Field(description="s, how alike two latent states are")
    ] = "neg_l2"


class CompositionTerm(TermSpec):
    """MSE(z_I, z_W + z_P) over the variance of z_I - z_W (floored, no gradient)."""

    formula = "mean (z_I - (z_W + z_P))^2 / max(variance of z_I - z_W, 1e-6)"
    needs = (Need.LATENT,)

    name: Literal["composition"] = "composition"
    weight: Weight = 0.1
    stop_gradient: Annotated[StopGradient, Field(description="which side is held fixed")] = (
        StopGradient.NONE
    )
    normalized: Annotated[bool, Field(description="divide by the variance")] = True


_NO_SAMPLES = (
    "scores samples of a predictive distribution, and no model here draws any in training: name "
    "crps, or dist"
)


class EnsembleCrps(TermSpec):
    """CRPS of samples from a predictive distribution, label by label."""

    formula = "mean (mean |x_s - y| - 1/2 mean |x_s - x_t|)"
    needs = (Need.SAMPLES,)
    refusal = _NO_SAMPLES
    source = (
        "Gneiting and Raftery 2007, doi:10.1198/016214506000001437",
        "Ferro 2014, doi:10.1002/qj.2270",
    )

    name: Literal["ensemble_crps"] = "ensemble_crps"
    fair: Annotated[bool, Field(description="leave s = t out of the second mean")] = True


class EnergyScore(TermSpec):
    """Energy score of samples from a joint predictive distribution of all labels."""

    formula = "mean (mean |x_s - y|^beta - 1/2 mean |x_s - x_t|^beta), lengths over the labels"
    needs = (Need.SAMPLES,)
    refusal = _NO_SAMPLES
    source = ("Gneiting and Raftery 2007, doi:10.1198/016214506000001437",)

    name: Literal["energy_score"] = "energy_score"
    beta: Annotated[float, Field(gt=0, lt=2, description="power of the length")] = 1.0
    fair: Annotated[bool, Field(description="leave s = t out of the second mean")] = True


RegressionTerm = MseTerm | HuberTerm | GaussianNllTerm | TobitTerm | HurdleTerm | CrpsTerm
REGRESSION_TERMS: tuple[type[TermSpec], ...] = get_args(RegressionTerm)
OTHER_TERMS: tuple[type[TermSpec], ...] = (DistTerm, SupcrTerm, CompositionTerm)
SCORES_OF_SAMPLES: tuple[type[TermSpec], ...] = (EnsembleCrps, EnergyScore)


def loss_name(term: type[TermSpec]) -> str:
    """The name that a spec gives a term."""
    return str(term.model_fields["name"].default)
