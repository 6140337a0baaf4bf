"""Graded labels as classes, for losses that know only equal and unequal."""

from collections.abc import Sequence

import torch
from torch import Tensor


def bin_edges(training_labels: Sequence[Tensor], *, bins: int = 4) -> list[Tensor]:
    """Edges between bins of equally many training labels, [bins - 1] a column, for `binned`.

    Of the *training part's* labels, once: edges made of a batch would move with it. An edge lies
    in the middle between two neighbouring labels, so that it equals a label only where many rows
    share that label. Columns with fewer than two labels have no edges.

    Args:
        training_labels: per column, all labels of the training part, sorted, without NaN.
        bins: how many, at least 2.

    Raises:
        ValueError: fewer than 2 bins.
    """
    if not bins >= 2:
        raise ValueError(f"bins have to be at least 2, not {bins}")
    edges = []
    for sorted_N in training_labels:
        size = len(sorted_N)
        after = [min(max(round(k * size / bins), 1), size - 1) for k in range(1, bins)]
        above = torch.tensor(after if size > 1 else [], dtype=torch.int64, device=sorted_N.device)
        wide_N = sorted_N.to(torch.float64)
        edges.append(0.5 * (wide_N[above - 1] + wide_N[above]))
    return edges


def binned(labels_BY: Tensor, edges: Sequence[Tensor]) -> Tensor:
    """The class of every label: which edges it lies beyond; float64, NaN where it is missing.

    A label on an edge is one that many training rows share (dead strains with fitness 0): it is a
    class of its own, between those below and above. No host sync.

    Laws: equal labels are of one class; a larger label is never of a smaller class.

    Raises:
        ValueError: not one set of edges a column.
    """
    if labels_BY.ndim != 2 or labels_BY.shape[1] != len(edges):
        raise ValueError(
            f"edges of {len(edges)} columns for labels of shape {tuple(labels_BY.shape)}"
        )
    wide_BY = labels_BY.detach().to(torch.float64)
    classes = []
    for y, edge_E in enumerate(edges):
        label_B = wide_BY[:, y].contiguous()
        edge_E = edge_E.to(label_B)
        class_B = torch.searchsorted(edge_E, label_B) + torch.searchsorted(
            edge_E, label_B, right=True
        )
        classes.append(class_B.to(torch.float64).masked_fill(torch.isnan(label_B), torch.nan))
    return torch.stack(classes, dim=1) if classes else wide_BY
