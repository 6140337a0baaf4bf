"""Each term of a composite, computed on what it reads."""

import torch
from torch import Tensor

from service.contract.losses import (
    BatchMixingTerm,
    CNodeTerm,
    CompositionTerm,
    DistTerm,
    GroupLassoTerm,
    HardConcreteTerm,
    InfonceTerm,
    L1Term,
    LossSpec,
    LossTerm,
    PenaltyTerm,
    RegressionTerm,
    SupconTerm,
    SupcrTerm,
)
from worker.losses.batch_mixing import batch_mixing
from worker.losses.composition import composition
from worker.losses.degenerate import refuse_computed
from worker.losses.dist import dist
from worker.losses.group_lasso import group_lasso
from worker.losses.hard_concrete import hard_concrete
from worker.losses.infonce import infonce
from worker.losses.l1 import l1
from worker.losses.label_bins import binned
from worker.losses.loss_inputs import LossContext, LossInputs, ModelWeights, check_inputs
from worker.losses.path_reg import c_node
from worker.losses.regression import Weights, regression
from worker.losses.supcon import supcon
from worker.losses.supcr import supcr_of_views

# What shapes a latent by labels; with `latent_split` it has its own part.
_STRUCTURED = (SupcrTerm, SupconTerm)


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
    return supcr_of_views(
        [(x.z_P_BD, x.edited_B), (x.z_I_BD, None)],
        x.labels_BY,
        temperature=term.temperature,
        similarity=term.similarity,
        column_weights=context.column_weights,
    )


def _supcon(term: SupconTerm, x: LossInputs, context: LossContext) -> Tensor:
    if context.bin_edges is None:
        raise ValueError("supcon needs the edges of its bins")
    class_BY = binned(x.labels_BY, context.bin_edges)
    edited_class_BY = class_BY.masked_fill(~x.edited_B[:, None], torch.nan)
    part, intact = (
        supcon(
            z_BD,
            view_BY,
            temperature=term.temperature,
            similarity=term.similarity,
            column_weights=context.column_weights,
        )
        for z_BD, view_BY in ((x.z_P_BD, edited_class_BY), (x.z_I_BD, class_BY))
    )
    return part + intact


def _infonce(term: InfonceTerm, x: LossInputs) -> Tensor:
    return infonce(
        x.z_I_BD - x.z_W_D,
        x.z_P_BD,
        temperature=term.temperature,
        similarity=term.similarity,
        symmetric=term.symmetric,
        group_B=x.design_B,
        present_B=x.edited_B,
    )


def _batch_mixing(term: BatchMixingTerm, x: LossInputs, context: LossContext) -> Tensor:
    """Mean over the covariates that tell batches apart."""
    if x.batch_BC is None or not any(count > 1 for count in context.batch_counts):
        raise ValueError("batch_mixing needs the batches of the rows, two of them at least")
    values = [
        batch_mixing(
            x.z_I_BD,
            code_B,
            n_batches=count,
            n_neighbors=term.n_neighbors,
            temperature=term.temperature,
        )
        for code_B, count in zip(x.batch_BC.T, context.batch_counts, strict=True)
        if count > 1
    ]
    return torch.stack(values).mean()


def _penalty(term: PenaltyTerm, weights: ModelWeights | None) -> Tensor:
    if weights is None:
        raise ValueError(f"{term.name} reads weights of the model, and none are given")
    match term:
        case L1Term():
            return l1(weights.shift_ED)
        case GroupLassoTerm():
            return group_lasso(weights.shift_ED)
        case CNodeTerm():
            if not weights.head_paths:
                raise ValueError("c_node needs a head with weights from a dimension to a label")
            paths = [c_node([weights.shift_ED, *path]) for path in weights.head_paths]
            return torch.stack(paths).sum()
        case HardConcreteTerm():
            if weights.log_alpha_D is None:
                raise ValueError("hard_concrete needs gates before the head")
            return hard_concrete(
                weights.log_alpha_D, temperature=term.temperature, low=term.low, high=term.high
            )


def _of_latents(
    term: SupcrTerm | SupconTerm | InfonceTerm | BatchMixingTerm | CompositionTerm,
    x: LossInputs,
    context: LossContext,
) -> Tensor:
    match term:
        case SupcrTerm():
            return _supcr(term, x, context)
        case SupconTerm():
            return _supcon(term, x, context)
        case InfonceTerm():
            return _infonce(term, x)
        case BatchMixingTerm():
            return _batch_mixing(term, x, context)
        case CompositionTerm():
            return composition(
                x.z_W_D,
                x.z_P_BD,
                x.z_I_BD,
                stop_gradient=term.stop_gradient,
                normalized=term.normalized,
            )


def _value(term: LossTerm, x: LossInputs, context: LossContext) -> Tensor:
    match term:
        case DistTerm():
            return _dist(term, x, context)
        case SupcrTerm() | SupconTerm() | InfonceTerm() | BatchMixingTerm() | CompositionTerm():
            return _of_latents(term, x, context)
        case L1Term() | GroupLassoTerm() | CNodeTerm() | HardConcreteTerm():
            return _penalty(term, x.weights)
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


def term_values(spec: LossSpec, inputs: LossInputs, context: LossContext) -> dict[str, Tensor]:
    """Every term by name, unweighted, with its graph; a term of weight 0 is not computed.

    The regression term and dist are averaged over the two readings, SupCR and SupCon are summed
    over z_P and z_I. With `latent_split` these two see the first dimensions of the latents, and
    composition and InfoNCE the others, so that neither has a gradient in the other's.
    Batch mixing sees all of z_I.

    Raises:
        DegenerateCompositionError: z_P was computed from z_I.
        ValueError: inputs that do not fit together, or that a term needs and lacks.
    """
    check_inputs(inputs)
    width = None
    if spec.latent_split is not None:
        # Of a slice the graph no longer shows what it was computed from.
        refuse_computed(inputs.z_P_BD, inputs.z_I_BD)
        width = split_width(inputs.z_I_BD.shape[1], spec.latent_split)
    return {
        term.name: _value(term, _seen_by(term, inputs, width), context)
        for term in spec.terms
        if term.weight > 0
    }


def _seen_by(term: LossTerm, x: LossInputs, width: int | None) -> LossInputs:
    """What a term sees of the latents, of which the first part is `width` wide."""
    if width is None or isinstance(term, BatchMixingTerm):
        return x
    is_structured = isinstance(term, _STRUCTURED)
    return x.part(slice(None, width) if is_structured else slice(width, None))
