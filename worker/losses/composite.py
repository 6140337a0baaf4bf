"""The composite loss: a weighted sum of terms, each also returned for the log."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from service.contract.losses import (
    CompositionTerm,
    DistTerm,
    LossSpec,
    LossTerm,
    MseTerm,
    SupcrTerm,
)
from worker.losses.composition import composition
from worker.losses.dist import dist
from worker.losses.regression import mse
from worker.losses.supcr import supcr


@dataclass(frozen=True)
class LossInputs:
    """What the terms read: both readings, labels, latents.

    Labels are standardised, float64, NaN where missing. `edited_B` is False for designs without
    edits: their z_P is 0 by definition, so they are left out of the z_P view of SupCR.
    """

    compose_BY: Tensor
    intact_BY: Tensor
    labels_BY: Tensor
    z_W_D: Tensor
    z_P_BD: Tensor
    z_I_BD: Tensor
    edited_B: Tensor
    row_weights_BY: Tensor | None = None


@dataclass(frozen=True)
class LossContext:
    """What stays the same over a training: sorted training labels and weights of the columns."""

    training_labels: Sequence[Tensor]
    column_weights: Tensor | None = None


def _mse(x: LossInputs, context: LossContext) -> Tensor:
    weights = {"row_weights": x.row_weights_BY, "column_weights": context.column_weights}
    return 0.5 * (
        mse(x.compose_BY, x.labels_BY, **weights) + mse(x.intact_BY, x.labels_BY, **weights)
    )


def _dist(x: LossInputs, context: LossContext) -> Tensor:
    compose, intact = (
        dist(
            reading_BY,
            x.labels_BY,
            training_labels=context.training_labels,
            column_weights=context.column_weights,
        )
        for reading_BY in (x.compose_BY, x.intact_BY)
    )
    return 0.5 * (compose + intact)


def _supcr(term: SupcrTerm, x: LossInputs, context: LossContext) -> Tensor:
    edited_labels_BY = x.labels_BY.masked_fill(~x.edited_B[:, None], torch.nan)
    part, intact = (
        supcr(
            z_BD,
            labels_BY,
            temperature=term.temperature,
            similarity=term.similarity,
            column_weights=context.column_weights,
        )
        for z_BD, labels_BY in ((x.z_P_BD, edited_labels_BY), (x.z_I_BD, x.labels_BY))
    )
    return part + intact


def _value(term: LossTerm, x: LossInputs, context: LossContext) -> Tensor:
    match term:
        case MseTerm():
            return _mse(x, context)
        case DistTerm():
            return _dist(x, context)
        case SupcrTerm():
            return _supcr(term, x, context)
        case CompositionTerm():
            return composition(
                x.z_W_D,
                x.z_P_BD,
                x.z_I_BD,
                stop_gradient=term.stop_gradient,
                normalized=term.normalized,
            )


def composite(
    spec: LossSpec, inputs: LossInputs, context: LossContext
) -> tuple[Tensor, dict[str, Tensor]]:
    """Weighted sum of the terms, and every term by name (unweighted, without gradient).

    MSE and dist are averaged over the two readings, SupCR is summed over z_P and z_I. A term of
    weight 0 is not computed. The scalar always has a graph.
    """
    total = 0.0 * (inputs.compose_BY.sum() + inputs.intact_BY.sum())
    terms: dict[str, Tensor] = {}
    for term in spec.terms:
        if term.weight == 0:
            continue
        value = _value(term, inputs, context)
        terms[term.name] = value.detach()
        total = total + term.weight * value
    return total, terms
