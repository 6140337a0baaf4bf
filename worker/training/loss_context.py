"""What stays the same for the loss over a training: pseudo-labels and weights of the columns."""

from collections.abc import Sequence

import torch
from torch import Tensor

from service.contract.errors import InvalidArgumentError
from service.contract.losses import DistTerm, LossSpec, SupconTerm
from worker.losses.composite import LossContext
from worker.losses.label_bins import bin_edges
from worker.losses.pseudo_labels import InverseCdf, inverse_cdfs


def _pseudo_labels(
    term: DistTerm, sorted_YN: Sequence[Tensor], batch_size: int
) -> tuple[InverseCdf, ...]:
    try:
        return inverse_cdfs(
            sorted_YN,
            rule=term.rule,
            bandwidth=term.bandwidth,
            step=term.step,
            batch_size=batch_size,
        )
    except ValueError as error:
        raise InvalidArgumentError(f"loss: dist: {error}") from error


def loss_context(
    spec: LossSpec,
    label_NY: Tensor,
    column_weights: Tensor,
    *,
    batch_size: int,
    latent_dim: int,
    batch_counts: tuple[int, ...] = (),
) -> LossContext:
    """Made once, from all labels that a member is trained on.

    Args:
        spec: the loss.
        label_NY: standardised labels of the member, NaN where missing.
        column_weights: one weight a label.
        batch_size: rows of a full batch.
        latent_dim: dimensions of the latent.
        batch_counts: how many batches each covariate of the role batch tells apart.

    Raises:
        InvalidArgumentError: the published pseudo-labels have no sound answer for these labels.
    """
    sorted_YN = [torch.sort(column[~torch.isnan(column)]).values for column in label_NY.T]
    dist = next((t for t in spec.terms if isinstance(t, DistTerm) and t.weight > 0), None)
    supcon = next((t for t in spec.terms if isinstance(t, SupconTerm) and t.weight > 0), None)
    pseudo_labels = None if dist is None else _pseudo_labels(dist, sorted_YN, batch_size)
    return LossContext(
        training_labels=sorted_YN if pseudo_labels is None else pseudo_labels,
        column_weights=column_weights,
        latent_dim=latent_dim,
        bin_edges=None if supcon is None else bin_edges(sorted_YN, bins=supcon.bins),
        batch_counts=batch_counts,
    )
