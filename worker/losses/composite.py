"""The composite loss: a weighted sum of terms, each also returned for the log."""

from collections.abc import Sequence
from functools import reduce
from operator import add

import torch
from torch import Tensor, nn

from service.contract.losses import HardConcreteTerm, LossSpec, PenaltyTerm, Weighting
from worker.losses.hard_concrete import HardConcreteGates, closed_when_open
from worker.losses.loss_inputs import LossContext, LossInputs, ModelWeights
from worker.losses.pcgrad import pcgrad_backward
from worker.losses.term_values import split_width, term_values
from worker.losses.uncertainty import UncertaintyWeights

__all__ = [
    "CompositeLoss",
    "LossContext",
    "LossInputs",
    "ModelWeights",
    "composite",
    "split_width",
    "term_values",
]


def _weights(spec: LossSpec) -> dict[str, float]:
    return {term.name: term.weight for term in spec.terms if term.weight > 0}


def _weighted_sum(spec: LossSpec, values: dict[str, Tensor]) -> Tensor:
    """Of at least one term: a spec has a regression, whose value has a graph."""
    return reduce(add, [weight * values[name] for name, weight in _weights(spec).items()])


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
    return _weighted_sum(spec, values), {k: v.detach() for k, v in values.items()}


def _gates(spec: LossSpec, context: LossContext) -> HardConcreteGates | None:
    """Gates before the head, all open, where the spec has a term for them."""
    for term in spec.terms:
        if isinstance(term, HardConcreteTerm) and term.weight > 0:
            return HardConcreteGates(
                (context.latent_dim,),
                closed=closed_when_open(term.low, term.high),
                temperature=term.temperature,
                low=term.low,
                high=term.high,
            )
    return None


class CompositeLoss(nn.Module):
    """The loss of a training, with its weighting, and what is learned for it.

    Log variances with `uncertainty` (penalties keep their weights, see `sparsity_loss_terms`), and
    the gates of hard_concrete, which whoever reads the head has to apply.
    """

    def __init__(self, spec: LossSpec, context: LossContext) -> None:
        super().__init__()
        self.spec = spec
        self.context = context
        self.gates = _gates(spec, context)
        penalties = {term.name for term in spec.terms if isinstance(term, PenaltyTerm)}
        weights = _weights(spec)
        self._fixed = {name: weights[name] for name in weights if name in penalties}
        learned = spec.weighting is Weighting.UNCERTAINTY
        self.uncertainty = (
            UncertaintyWeights({n: w for n, w in weights.items() if n not in penalties})
            if learned
            else None
        )

    def forward(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Total, and every term (unweighted, without gradient)."""
        total, values = self._total(inputs)
        return total, {name: value.detach() for name, value in values.items()}

    def _total(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        values = term_values(self.spec, inputs, self.context)
        if self.uncertainty is not None:
            total: Tensor = self.uncertainty(values)
            for name, weight in self._fixed.items():
                total = total + weight * values[name]
            return total, values
        return _weighted_sum(self.spec, values), values

    def backward(
        self, inputs: LossInputs, parameters: Sequence[nn.Parameter], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Forward, and the gradients of `parameters` and of the gates, which have none yet.

        Args:
            inputs: what the terms read.
            parameters: of the model; PCGrad is about these.
            generator: draws the order in which PCGrad compares terms (on the CPU).
        """
        total, values = self._total(inputs)
        if self.spec.weighting is Weighting.PCGRAD:
            weighted = [weight * values[name] for name, weight in _weights(self.spec).items()]
            own = [] if self.gates is None else list(self.gates.parameters())
            pcgrad_backward(weighted, [*parameters, *own], generator)
        else:
            total.backward()  # type: ignore[no-untyped-call]
        return total.detach(), {name: value.detach() for name, value in values.items()}
