"""The loss of a training job, and the catalogue of every loss there is.

``L = sum_t weight_t * term_t``. The regression term reads both readings of the head.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from service.contract.cell_loss_terms import CELL_TERMS, BatchMixingTerm
from service.contract.contrastive_loss_terms import (
    InfonceTerm,
    MultiLatent,
    SupconTerm,
    SupportInfonce,
)
from service.contract.loss_terms import (
    OTHER_TERMS,
    REGRESSION_TERMS,
    SCORES_OF_SAMPLES,
    CompositionTerm,
    CrpsTerm,
    DistTerm,
    GaussianNllTerm,
    HuberTerm,
    HurdleTerm,
    MseTerm,
    Need,
    RegressionTerm,
    StopGradient,
    SupcrTerm,
    TermSpec,
    TobitTerm,
    loss_name,
)
from service.contract.sparsity_loss_terms import (
    CNodeTerm,
    GroupLassoTerm,
    HardConcreteTerm,
    L1Term,
    PathReg,
    PenaltyTerm,
)

__all__ = [
    "BatchMixingTerm",
    "CNodeTerm",
    "CompositionTerm",
    "CrpsTerm",
    "DistTerm",
    "GaussianNllTerm",
    "GroupLassoTerm",
    "HardConcreteTerm",
    "HuberTerm",
    "HurdleTerm",
    "InfonceTerm",
    "L1Term",
    "Loss",
    "LossCatalog",
    "LossParameter",
    "LossSpec",
    "LossTerm",
    "MseTerm",
    "Need",
    "PenaltyTerm",
    "RegressionTerm",
    "StopGradient",
    "SupconTerm",
    "SupcrTerm",
    "TobitTerm",
    "Weighting",
    "loss_catalog",
]

_KNOWN: tuple[type[TermSpec], ...] = (
    *REGRESSION_TERMS,
    *OTHER_TERMS,
    InfonceTerm,
    SupconTerm,
    *CELL_TERMS,
    *get_args(PenaltyTerm),
    PathReg,
    MultiLatent,
    SupportInfonce,
    *SCORES_OF_SAMPLES,
)
# Every loss there is: what a job may name first.
CATALOGUE = tuple(sorted(_KNOWN, key=lambda term: bool(term.refusal)))
# What a job may name.
LossTerm = Annotated[
    MseTerm
    | DistTerm
    | SupcrTerm
    | CompositionTerm
    | HuberTerm
    | GaussianNllTerm
    | TobitTerm
    | HurdleTerm
    | CrpsTerm
    | L1Term
    | GroupLassoTerm
    | CNodeTerm
    | HardConcreteTerm
    | InfonceTerm
    | SupconTerm
    | BatchMixingTerm,
    Field(discriminator="name"),
]


class Weighting(StrEnum):
    """How the terms share the parameters.

    `fixed` keeps the weights; `uncertainty` learns them (Kendall et al. 2018, arXiv 1705.07115),
    starting at the given ones, but for penalties; `pcgrad` keeps them and takes from each term's
    gradient what opposes another's (Yu et al. 2020, arXiv 2001.06782).
    """

    FIXED = "fixed"
    UNCERTAINTY = "uncertainty"
    PCGRAD = "pcgrad"


class LossSpec(BaseModel):
    """The composite loss: a weighted sum of terms, each at most once, one of them a regression."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terms: Annotated[tuple[LossTerm, ...], Field(min_length=1)] = (
        MseTerm(),
        DistTerm(),
        SupcrTerm(),
        CompositionTerm(),
    )
    weighting: Weighting = Weighting.FIXED
    # Share of the latent that the structured-latent terms (supcr, supcon) see; composition and
    # infonce see the rest. None: every term sees the whole latent.
    latent_split: Annotated[float, Field(gt=0, lt=1)] | None = None

    @field_validator("terms", mode="before")
    @classmethod
    def _can_be_named(cls, terms: Any) -> Any:  # noqa: ANN401
        refusals = {loss_name(term): term.refusal for term in CATALOGUE if term.refusal}
        for term in terms if isinstance(terms, list | tuple) else ():
            name = term.get("name") if isinstance(term, Mapping) else None
            if isinstance(name, str) and name in refusals:
                raise ValueError(f"{name} {refusals[name]}")
        return terms

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [term.name for term in self.terms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"loss term {', '.join(twice)} is given more than once")
        found = [term for term in self.terms if isinstance(term, RegressionTerm)]
        if len(found) != 1 or found[0].weight == 0:
            known = ", ".join(loss_name(term) for term in REGRESSION_TERMS)
            given = ", ".join(f"{term.name} with weight {term.weight:g}" for term in found)
            raise ValueError(
                f"the loss needs exactly one regression term ({known}), with a weight above 0; it "
                f"has {given or 'none'}"
            )
        return self

    @property
    def regression(self) -> RegressionTerm:
        """The regression term."""
        return next(term for term in self.terms if isinstance(term, RegressionTerm))


class LossParameter(BaseModel):
    """A parameter of a loss. A range is that of JSON Schema: either kind of bound may be absent."""

    name: str
    description: str
    type: Literal["number", "boolean", "choice"]
    default: float | bool | str | None = None
    minimum: float | None = None
    exclusive_minimum: float | None = None
    maximum: float | None = None
    exclusive_maximum: float | None = None
    choices: list[str] | None = None


class Loss(BaseModel):
    """A loss of the catalogue.

    `is_term` tells whether a training job may name it; if not, `refusal` says why, and what to name
    instead.
    """

    name: str
    description: str
    formula: str
    parameters: list[LossParameter]
    needs: list[Need]
    source: list[str]
    is_regression: bool
    is_term: bool
    refusal: str | None = None


class LossCatalog(BaseModel):
    """Every loss there is; in p and y, prediction and label, means are over what is labelled."""

    losses: list[Loss]


_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusive_minimum",
    "le": "maximum",
    "lt": "exclusive_maximum",
}


def _choices(annotation: Any) -> list[str] | None:  # noqa: ANN401
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [member.value for member in annotation]
    values = get_args(annotation)
    return list(values) if values and all(isinstance(value, str) for value in values) else None


def _parameter(name: str, field: FieldInfo) -> LossParameter:
    # The limits of an optional number lie within the union, not on the field.
    inner = [part for member in get_args(field.annotation) for part in get_args(member)[1:]]
    limits = [
        *field.metadata,
        *(limit for part in inner for limit in getattr(part, "metadata", [])),
    ]
    choices = _choices(field.annotation)
    is_boolean = field.annotation is bool
    return LossParameter(
        name=name,
        description=field.description or "",
        type="choice" if choices else "boolean" if is_boolean else "number",
        default=field.default,
        choices=choices,
        **{
            bound: getattr(limit, key)
            for limit in limits
            for key, bound in _BOUNDS.items()
            if getattr(limit, key, None) is not None
        },
    )


def _loss(term: type[TermSpec]) -> Loss:
    return Loss(
        name=loss_name(term),
        description=" ".join((term.__doc__ or "").split()),
        formula=term.formula,
        parameters=[_parameter(n, f) for n, f in term.model_fields.items() if n != "name"],
        needs=list(term.needs),
        source=list(term.source),
        is_regression=term in REGRESSION_TERMS,
        is_term=not term.refusal,
        refusal=term.refusal or None,
    )


def loss_catalog() -> LossCatalog:
    """Every loss, made of the terms themselves: what it says cannot drift from what is checked."""
    return LossCatalog(losses=[_loss(term) for term in CATALOGUE])
