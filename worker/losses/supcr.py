"""Supervised contrastive regression: near labels, near latents.

Source: Zha et al. 2023, "Rank-N-Contrast" (arXiv 2210.01189), first called SupCR. What differs
here: missing labels, one loss a label column, and the anchor never stands in its own denominator
(k != i), ties or not.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from math import nan
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from worker.losses.supcr_cpu import MergeKernel
from worker.losses.supcr_inputs import (
    check_batch,
    check_choice,
    check_part,
    check_temperature,
    labelled_rows,
)
from worker.losses.supcr_labels import LabelColumns, label_columns, tie_lower_bound
from worker.losses.supcr_rows import RowKernel, row_blocked
from worker.losses.supcr_similarity import Similarity
from worker.losses.supcr_torch import SortKernel

__all__ = [
    "Implementation",
    "Similarity",
    "SupCRLoss",
    "Ties",
    "supcr",
    "supcr_of_views",
    "tie_lower_bound",
]

Ties = Literal["exact", "upstream"]
Implementation = Literal["auto", "torch", "numba", "triton"]
# Latents, and which rows take part; None: all.
View = tuple[Tensor, Tensor | None]

# Up to here PyTorch takes milliseconds, and importing or compiling for numba is not worth it.
_SMALL = 128


def supcr(
    z_BD: Tensor,
    labels_BY: Tensor,
    *,
    temperature: float = 0.1,
    similarity: Similarity = "cosine",
    ties: Ties = "exact",
    column_weights: Tensor | None = None,
    implementation: Implementation = "auto",
) -> Tensor:
    """Exact loss of one view, averaged over the label columns with at least two labels.

    For a column with N labelled rows, t the temperature and d the distance of two labels:

        1 / (N (N - 1)) * sum over i, j != i of
            -log( exp(s_ij / t) / sum over k != i with d_ik >= d_ij of exp(s_ik / t) )

    Label distances are compared in float64, the sums are safe at any temperature, and the
    similarity is computed once for all columns. A column with fewer than two labels has no pairs
    and carries no weight; with two labels the loss is exactly 0. Without any pair the result is
    0, with a graph. To leave a row out, give it the label NaN; its latent is not read.

    The gradient is found in the forward pass, in O(block x N) memory; a second derivative is
    refused. half and bfloat16 latents are worked on in float32. A latent that is not finite makes
    the loss so; one of length 0 has cosine 0 with all, and no gradient.

    Args:
        z_BD: latents, float, at least one dimension.
        labels_BY: labels, NaN where missing; integers are fine. Infinite ones are refused on the
            CPU; on a GPU they make the loss NaN, since looking would make it wait.
        temperature: above 0.
        similarity: `cosine` as published for SupCR; `neg_l2` as in Rank-N-Contrast.
        ties: `upstream` lets the anchor into the denominators of rows with its own label, as the
            published code does.
        column_weights: one weight a column, renormalised over those with at least two labels.
        implementation: `auto` takes Triton on a GPU where it is installed, numba for larger
            batches on the CPU, and PyTorch otherwise.

    Raises:
        ValueError: wrong shapes, types or settings, or infinite labels on the CPU.
    """
    return supcr_of_views(
        [(z_BD, None)],
        labels_BY,
        temperature=temperature,
        similarity=similarity,
        ties=ties,
        column_weights=column_weights,
        implementation=implementation,
    )


def supcr_of_views(
    views: Sequence[View],
    labels_BY: Tensor,
    *,
    temperature: float = 0.1,
    similarity: Similarity = "cosine",
    ties: Ties = "exact",
    column_weights: Tensor | None = None,
    implementation: Implementation = "auto",
) -> Tensor:
    """`supcr` summed over views of the same rows, which are put in order once for all of them.

    A view is its latents [B, D] and, where rows are to be left out, which take part [B], bool; all
    else is as for `supcr`.

    Raises:
        ValueError: no view, or as `supcr`.
    """
    if not views:
        raise ValueError("SupCR needs at least one view")
    check_temperature(temperature)
    check_choice("ties", ties, get_args(Ties))
    check_choice("implementation", implementation, get_args(Implementation))
    for z_BD, in_B in views:
        check_batch(z_BD, labels_BY)
        check_part(in_B, z_BD)
    wide_BY = labels_BY.detach().to(torch.float64)
    z_VND, labels_VNY = labelled_rows(
        [z_BD for z_BD, _ in views],
        [
            wide_BY if in_B is None else wide_BY.masked_fill(~in_B[:, None], nan)
            for _, in_B in views
        ],
    )
    columns = [label_columns(labels_NY, column_weights) for labels_NY in labels_VNY]
    kernel = _kernel(columns, implementation, upstream=ties == "upstream")
    return row_blocked(z_VND, similarity, temperature, kernel).to(views[0][0].dtype)


def _kernel(
    views: Sequence[LabelColumns], implementation: Implementation, *, upstream: bool
) -> RowKernel[Any]:
    device = views[0].label_YN.device.type
    if implementation == "auto":
        implementation = _choice(device, views[0].rows)
    if implementation == "numba":
        if device != "cpu":
            raise ValueError(f"implementation 'numba' runs on the CPU, not on {device}")
        return MergeKernel(views, upstream=upstream)
    if implementation == "triton":
        from worker.losses.supcr_cuda import ScanKernel

        return ScanKernel(views, upstream=upstream)
    return SortKernel(views, upstream=upstream)


def _choice(device: str, rows: int) -> Implementation:
    if device == "cuda" and find_spec("triton"):
        return "triton"
    if device == "cpu" and rows > _SMALL and find_spec("numba"):
        return "numba"
    return "torch"


class SupCRLoss(nn.Module):
    """SupCR summed over the views z_P and z_I, or of either alone; settings as for `supcr`."""

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        similarity: Similarity = "cosine",
        ties: Ties = "exact",
        implementation: Implementation = "auto",
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.similarity: Similarity = similarity
        self.ties: Ties = ties
        self.implementation: Implementation = implementation

    def forward(
        self,
        labels_BY: Tensor,
        *,
        z_P_BD: Tensor | None = None,
        z_I_BD: Tensor | None = None,
        edited_B: Tensor | None = None,
        column_weights: Tensor | None = None,
    ) -> Tensor:
        """Sum over the views given.

        Args:
            labels_BY: NaN where missing.
            z_P_BD: sums of shifts.
            z_I_BD: latents of the edited strains.
            edited_B: False for designs without edits. They are left out of the z_P view, where
                they are all 0 by definition.
            column_weights: one weight a column.

        Raises:
            ValueError: no view is given, or as `supcr`.
        """
        views: list[View] = []
        if z_P_BD is not None:
            views.append((z_P_BD, edited_B))
        if z_I_BD is not None:
            views.append((z_I_BD, None))
        if not views:
            raise ValueError("SupCRLoss needs z_P_BD, z_I_BD or both")
        return supcr_of_views(
            views,
            labels_BY,
            temperature=self.temperature,
            similarity=self.similarity,
            ties=self.ties,
            column_weights=column_weights,
            implementation=self.implementation,
        )
