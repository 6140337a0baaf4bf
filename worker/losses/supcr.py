"""Supervised contrastive regression: near labels, near latents.

Source: Zha et al. 2023, "Rank-N-Contrast" (arXiv 2210.01189). What differs here: missing labels,
one loss a label column, and the anchor never stands in its own denominator (k != i), ties or not.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from worker.losses.columns import column_mean

Similarity = Literal["neg_l2", "cosine"]

# Stands for log 0 where -inf would give NaN gradients (inf - inf) in logcumsumexp.
_LOG_ZERO = -1e30


def similarity_matrix(z_BD: Tensor, similarity: Similarity) -> Tensor:
    """Pairwise similarity [B, B]: negative Euclidean distance, or cosine."""
    if similarity == "cosine":
        unit_BD = functional.normalize(z_BD, dim=-1, eps=1e-8)
        return unit_BD @ unit_BD.T
    # The direct mode: the matrix-product form loses the digits of near neighbours.
    return -torch.cdist(z_BD, z_BD, compute_mode="donot_use_mm_for_euclid_dist")


def _log_denominator(logits_BB: Tensor, distance_YBB: Tensor, pair_YBB: Tensor) -> Tensor:
    """Log of the sum of exp(logit_ik) over k with d_ik >= d_ij, for every pair i, j: [Y, B, B].

    Sorting each row by distance turns the sum into one over a tail of the row; memory O(Y B^2).
    """
    sortable_YBB = distance_YBB.masked_fill(~pair_YBB, torch.inf)
    sorted_YBB, order_YBB = sortable_YBB.sort(dim=-1)
    masked_YBB = torch.where(pair_YBB, logits_BB, torch.full_like(logits_BB, _LOG_ZERO))
    tail_YBB = masked_YBB.gather(-1, order_YBB).flip(-1).logcumsumexp(-1).flip(-1)
    # The first of a group of tied distances: ties stand in each other's denominators.
    first_YBB = torch.searchsorted(sorted_YBB, sortable_YBB, side="left")
    return tail_YBB.gather(-1, first_YBB.clamp(max=sortable_YBB.shape[-1] - 1))


def supcr(
    z_BD: Tensor,
    labels_BY: Tensor,
    *,
    temperature: float,
    similarity: Similarity = "neg_l2",
    column_weights: Tensor | None = None,
) -> Tensor:
    """Exact loss of one view, averaged over the label columns with at least two labels.

    For a column with N labelled rows, t the temperature and d the distance of two labels:

        1 / (N (N - 1)) * sum over i, j != i of
            -log( exp(s_ij / t) / sum over k != i with d_ik >= d_ij of exp(s_ik / t) )

    Label distances are ranked in float64: near-ties that float32 merges move the loss by per
    cents. A column with fewer than two labels has no pairs and carries no weight; with two labels
    the loss is exactly 0. To leave a row out, give it the label NaN.
    """
    rows = len(labels_BY)
    present_YB = ~torch.isnan(labels_BY).T
    label_YB = labels_BY.T.double().masked_fill(~present_YB, 0.0)
    distance_YBB = (label_YB[:, :, None] - label_YB[:, None, :]).abs()
    other_BB = ~torch.eye(rows, dtype=torch.bool, device=labels_BY.device)
    pair_YBB = present_YB[:, :, None] & present_YB[:, None, :] & other_BB
    logits_BB = similarity_matrix(z_BD, similarity) / temperature
    denominator_YBB = _log_denominator(logits_BB, distance_YBB, pair_YBB)
    term_YBB = torch.where(pair_YBB, denominator_YBB - logits_BB, torch.zeros_like(logits_BB))
    count_Y = present_YB.sum(dim=-1)
    loss_Y = term_YBB.sum(dim=(1, 2)) / (count_Y * (count_Y - 1)).clamp(min=1)
    return column_mean(loss_Y, count_Y >= 2, column_weights)
