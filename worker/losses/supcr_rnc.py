"""Rank-N-Contrast as published: several views of each row, one loss on all label columns."""

from dataclasses import replace

import torch
from torch import Tensor

from worker.losses.supcr import supcr
from worker.losses.supcr_inputs import check_batch, check_temperature, labelled_rows
from worker.losses.supcr_labels import label_columns
from worker.losses.supcr_rows import row_blocked
from worker.losses.supcr_similarity import Similarity
from worker.losses.supcr_torch import SortKernel


def rank_n_contrast(
    z_BVD: Tensor,
    labels_BY: Tensor,
    *,
    temperature: float = 2.0,
    similarity: Similarity = "neg_l2",
) -> Tensor:
    """Loss over all V views of all rows together, on label distances summed over the columns.

    Views of one row tie at distance 0. A row needs all of its labels: one with a NaN is left out.
    With one column and one view it is `supcr`. float32 is safe at any scale, where the published
    program's largest logit is the anchor's own 0 and the rest underflows.

    Source: Zha et al. 2023 (arXiv 2210.01189): two views, temperature 2, negative L2.

    Args:
        z_BVD: latents of the views, float.
        labels_BY: labels, NaN where missing.
        temperature: above 0.
        similarity: as for `supcr`.

    Raises:
        ValueError: wrong shapes, types or settings, or infinite labels on the CPU.
    """
    if z_BVD.ndim != 3 or labels_BY.ndim != 2 or len(z_BVD) != len(labels_BY):
        raise ValueError(
            f"views [B, V, D] and labels [B, Y] do not go together: shapes "
            f"{tuple(z_BVD.shape)} and {tuple(labels_BY.shape)}"
        )
    check_temperature(temperature)
    z_ND = z_BVD.flatten(0, 1)
    labels_NY = labels_BY.detach().to(torch.float64).repeat_interleave(z_BVD.shape[1], dim=0)
    check_batch(z_ND, labels_NY)
    if labels_NY.shape[1] == 1:
        return supcr(z_ND, labels_NY, temperature=temperature, similarity=similarity)
    incomplete_N1 = torch.isnan(labels_NY).any(dim=1, keepdim=True)
    [wide_ND], [whole_NY] = labelled_rows([z_ND], [labels_NY.masked_fill(incomplete_N1, torch.nan)])
    # Presence and scale are those of any one column: every row has all or none.
    columns = replace(label_columns(whole_NY[:, :1]), label_YN=whole_NY.T.contiguous())
    kernel = SortKernel([columns], summed=True)
    return row_blocked([wide_ND], similarity, temperature, kernel).to(z_BVD.dtype)
