"""The composite loss: a weighted sum of terms, each also returned for the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from service.contract.losses import (
    CompositionTerm,
    DistTerm,
    LossSpec,
    LossTerm,
    RegressionTerm,
    SupcrTerm,
    Weighting,
)
from worker.losses.composition import composition
from worker.losses.degenerate import refuse_computed
from worker.losses.dist import dist
from worker.losses.pcgrad import pcgrad_backward
from worker.losses.pseudo_labels import InverseCdf
from worker.losses.regression import LabelDetails, Weights, regression
from worker.losses.supcr import supcr
from worker.losses.uncertainty import UncertaintyWeights

_SHAPED = ("compose_BY", "intact_BY", "labels_BY", "z_W_D", "z_P_BD", "z_I_BD", "edited_B")


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
    details: LabelDetails = field(default_factory=LabelDetails)


@dataclass(frozen=True)
class LossContext:
    """What stays the same over a training: training labels and weights of the columns.

    The training labels are sorted; or `InverseCdf`s that were made of them by the rule of the
    spec's dist term.
    """

    training_labels: Sequence[Tensor | InverseCdf]
    column_weights: Tensor | None = None


def _regression(term: RegressionTerm, x: LossInputs, context: LossContext) -> Tensor:
    weights = Weights(row_weights=x.row_weights_BY, column_weights=context.column_weights)
    compose, intact = (
        regression(term, reading_BY, x.labels_BY, x.details, weights)
        for reading_BY in (x.compose_BY, x.intact_BY)
    )
    return 0.5 * (compose + intact)


def _dist(term: DistTerm, x: LossInputs, context: LossContext) -> Tensor:
    compose, intact = (
        dist(
            reading_BY,
            x.labels_BY,
            training_labels=context.training_labels,
            rule=term.rule,
            distance=term.distance,
            delta=term.delta,
            bandwidth=term.bandwidth,
            step=term.step,
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
        case DistTerm():
            return _dist(term, x, context)
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
        case _:
            return _regression(term, x, context)


def split_width(dim: int, share: float) -> int:
    """Dimensions that the structured-latent terms see of `dim`; each side keeps at least one.

    Raises:
        ValueError: a latent of one dimension, or a share that is not between 0 and 1.
    """
    if dim < 2 or not 0 < share < 1:
        raise ValueError(f"a latent of {dim} dimensions cannot be split at a share of {share}")
    return min(max(round(share * dim), 1), dim - 1)


def _part(x: LossInputs, dims: slice) -> LossInputs:
    return replace(x, z_W_D=x.z_W_D[..., dims], z_P_BD=x.z_P_BD[:, dims], z_I_BD=x.z_I_BD[:, dims])


def _check(x: LossInputs) -> None:
    rows, dim = x.z_I_BD.shape
    shape = x.labels_BY.shape
    fits = x.compose_BY.shape == x.intact_BY.shape == shape and shape[0] == rows
    fits = fits and x.z_P_BD.shape == (rows, dim) and x.z_W_D.shape[-1:] == (dim,)
    if not fits or x.edited_B.shape != (rows,):
        shapes = {name: tuple(getattr(x, name).shape) for name in _SHAPED}
        raise ValueError(f"inputs of the loss do not fit together: {shapes}")


def term_values(spec: LossSpec, inputs: LossInputs, context: LossContext) -> dict[str, Tensor]:
    """Every term by name, unweighted, with its graph; a term of weight 0 is not computed.

    The regression term and dist are averaged over the two readings, SupCR is summed over z_P and
    z_I. With `latent_split` SupCR sees the first dimensions of the latents and composition the
    others, so that neither has a gradient in the other's.

    Raises:
        DegenerateCompositionError: z_P was computed from z_I.
        ValueError: inputs that do not fit together.
    """
    _check(inputs)
    structured = rest = inputs
    if spec.latent_split is not None:
        # Of a slice the graph no longer shows what it was computed from.
        refuse_computed(inputs.z_P_BD, inputs.z_I_BD)
        width = split_width(inputs.z_I_BD.shape[1], spec.latent_split)
        structured = _part(inputs, slice(None, width))
        rest = _part(inputs, slice(width, None))
    return {
        term.name: _value(term, structured if isinstance(term, SupcrTerm) else rest, context)
        for term in spec.terms
        if term.weight > 0
    }


def _weights(spec: LossSpec) -> dict[str, float]:
    return {term.name: term.weight for term in spec.terms if term.weight > 0}


def _weighted_sum(spec: LossSpec, inputs: LossInputs, values: dict[str, Tensor]) -> Tensor:
    total = 0.0 * (inputs.compose_BY.sum() + inputs.intact_BY.sum())
    for name, weight in _weights(spec).items():
        total = total + weight * values[name]
    return total


def composite(
    spec: LossSpec, inputs: LossInputs, context: LossContext
) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum of the terms with the weights given, and every term (unweighted, without gradient).

    Laws: linear in the weights; a term of weight 0 changes nothing. The scalar always has a graph.
    `spec.weighting` is no matter of this sum: see `CompositeLoss`.

    Raises:
        DegenerateCompositionError: z_P was computed from z_I.
        ValueError: inputs that do not fit together.
    """
    values = term_values(spec, inputs, context)
    return _weighted_sum(spec, inputs, values), {k: v.detach() for k, v in values.items()}


class CompositeLoss(nn.Module):
    """The loss of a training, with its weighting; with `uncertainty` it has parameters to learn."""

    def __init__(self, spec: LossSpec, context: LossContext) -> None:
        super().__init__()
        self.spec = spec
        self.context = context
        learned = spec.weighting is Weighting.UNCERTAINTY
        self.uncertainty = UncertaintyWeights(_weights(spec)) if learned else None

    def forward(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Total, and every term (unweighted, without gradient)."""
        total, values = self._total(inputs)
        return total, {name: value.detach() for name, value in values.items()}

    def _total(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        values = term_values(self.spec, inputs, self.context)
        if self.uncertainty is not None:
            return self.uncertainty(values), values
        return _weighted_sum(self.spec, inputs, values), values

    def backward(
        self, inputs: LossInputs, parameters: Sequence[nn.Parameter], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Forward, and the gradients of `parameters`, which have none yet.

        Args:
            inputs: what the terms read.
            parameters: of the model; PCGrad is about these.
            generator: draws the order in which PCGrad compares terms (on the CPU).
        """
        total, values = self._total(inputs)
        if self.spec.weighting is Weighting.PCGRAD:
            weighted = [weight * values[name] for name, weight in _weights(self.spec).items()]
            pcgrad_backward(weighted, parameters, generator)
        else:
            total.backward()  # type: ignore[no-untyped-call]
        return total.detach(), {name: value.detach() for name, value in values.items()}
