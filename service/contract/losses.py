"""Loss terms of a training job: name, formula, weight.

``L = sum_t weight_t * term_t``. The regression term reads both readings of the head.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class StopGradient(StrEnum):
    """Which side of the composition loss is held fixed."""

    NONE = "none"
    INTACT = "intact"
    SHIFT = "shift"


class Weighting(StrEnum):
    """How the terms share the parameters.

    `fixed` keeps the weights; `uncertainty` learns them (Kendall et al. 2018, arXiv 1705.07115),
    starting at the given ones; `pcgrad` keeps them and takes from each term's gradient what
    opposes another's (Yu et al. 2020, arXiv 2001.06782).
    """

    FIXED = "fixed"
    UNCERTAINTY = "uncertainty"
    PCGRAD = "pcgrad"


class _Term(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MseTerm(_Term):
    """Mean squared error of both readings, labels standardised; missing ones carry no weight."""

    name: Literal["mse"] = "mse"
    weight: Weight = 1.0


class DistTerm(_Term):
    """Distance between sorted predictions and pseudo-labels: quantiles of the training labels.

    Source: Nie et al. 2024, Dist Loss (arXiv 2411.15216); the pseudo-labels here are the
    empirical quantiles at (i + 0.5) / M, unbiased at any batch size.
    """

    name: Literal["dist"] = "dist"
    weight: Weight = 0.1


class SupcrTerm(_Term):
    """Supervised contrastive regression over z_P and z_I, summed.

    Source: Zha et al. 2023, Rank-N-Contrast (arXiv 2210.01189).
    """

    name: Literal["supcr"] = "supcr"
    weight: Weight = 0.1
    temperature: Annotated[float, Field(gt=0, le=100)] = 1.0
    similarity: Literal["neg_l2", "cosine"] = "neg_l2"


class CompositionTerm(_Term):
    """MSE(z_I, z_W + z_P) over the variance of z_I - z_W (floored, no gradient)."""

    name: Literal["composition"] = "composition"
    weight: Weight = 0.1
    stop_gradient: StopGradient = StopGradient.NONE
    normalized: bool = True


LossTerm = Annotated[MseTerm | DistTerm | SupcrTerm | CompositionTerm, Field(discriminator="name")]


class LossSpec(BaseModel):
    """The composite loss: a weighted sum of terms, each at most once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: Annotated[tuple[LossTerm, ...], Field(min_length=1)] = (
        MseTerm(),
        DistTerm(),
        SupcrTerm(),
        CompositionTerm(),
    )
    weighting: Weighting = Weighting.FIXED
    # Share of the latent that the structured-latent terms (supcr) see; composition sees the rest.
    # None: every term sees the whole latent.
    latent_split: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [term.name for term in self.terms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"loss term {', '.join(twice)} is given more than once")
        if not any(term.name == "mse" and term.weight > 0 for term in self.terms):
            raise ValueError("the loss needs the term 'mse' with a weight above 0")
        return self
