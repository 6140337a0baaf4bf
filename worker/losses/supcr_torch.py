"""SupCR in plain PyTorch, on any device: rows sorted a block at a time, no loop over anchors."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from worker.losses.supcr_labels import LabelColumns, joined

# Pairs of a block over all columns; a pair takes some 80 bytes while its block is worked on.
_BLOCK = 2**20


class Sorted(NamedTuple):
    """Distances from each anchor of a block in rising order, and the rows they lead to."""

    distance_YbN: Tensor
    order_YbN: Tensor


class SortKernel:
    """Loss and gradient of a block of anchors: O(N log N) an anchor, log-sum-exps in float64.

    Args:
        views: the labels of each view, on the device of the latents; views differ only in which
            are present.
        upstream: let the anchor into the denominators of rows whose label equals its own.
        summed: one loss on the distance summed over the label columns, of rows that have all of
            them; the views then have one presence and one scale.
    """

    threads = 1  # PyTorch has its own

    def __init__(
        self, views: Sequence[LabelColumns], *, upstream: bool = False, summed: bool = False
    ) -> None:
        self._views = views
        self._columns = joined(views)
        pairs = max(1, self._columns.label_YN.numel())
        self.block_rows = max(1, min(self._columns.rows, _BLOCK // pairs))
        self._upstream = upstream
        self._summed = summed

    def plan(self, start: int, stop: int) -> Sorted:
        label_YN, present_YN = self._columns.label_YN, self._columns.present_YN
        distance_YbN = (label_YN[:, start:stop, None] - label_YN[:, None, :]).abs_()
        if self._summed:
            distance_YbN = distance_YbN.sum(dim=0, keepdim=True)
        both_YbN = present_YN[:, start:stop, None] & present_YN[:, None, :]
        # Missing rows come last, where no denominator reaches.
        return Sorted(*distance_YbN.masked_fill_(~both_YbN, torch.inf).sort(dim=-1))

    def __call__(
        self, view: int, logits_bN: Tensor, start: int, plan: Sorted, *, gradient: bool
    ) -> tuple[Tensor, Tensor]:
        stop = start + len(logits_bN)
        columns = self._views[view]
        both_YbN = columns.present_YN[:, start:stop, None] & columns.present_YN[:, None, :]
        pair_YbN = both_YbN.clone()
        pair_YbN.diagonal(start, 1, 2).fill_(False)
        # The anchor, at distance 0, is in its own denominators with a term of exp(-inf) = 0.
        counted_YbN = both_YbN if self._upstream else pair_YbN
        masked_YbN = (
            logits_bN.to(torch.float64).expand_as(both_YbN).masked_fill(~counted_YbN, -torch.inf)
        )
        logit_YbN = masked_YbN.gather(-1, plan.order_YbN)
        pair_YbN = pair_YbN.gather(-1, plan.order_YbN)
        denominator_YbN = _log_denominators(plan.distance_YbN, logit_YbN)
        scale_Y11 = columns.scale_Y[:, None, None]
        term_YbN = torch.where(pair_YbN, denominator_YbN - logit_YbN, 0.0)
        loss = (term_YbN * scale_Y11).sum()
        if not gradient:
            return loss, loss
        slope_YbN = _slopes(plan.distance_YbN, logit_YbN, denominator_YbN, pair_YbN) * scale_Y11
        grad_YbN = torch.empty_like(slope_YbN).scatter_(-1, plan.order_YbN, slope_YbN)
        return loss, grad_YbN.sum(dim=0).to(logits_bN.dtype)


def _log_denominators(sorted_YbN: Tensor, logit_YbN: Tensor) -> Tensor:
    """For each row the log-sum-exp over all at least as far from the anchor."""
    tail_YbN = logit_YbN.flip(-1).logcumsumexp(-1).flip(-1)
    # The first of a group of tied distances: ties stand in each other's denominators.
    first_YbN = torch.searchsorted(sorted_YbN, sorted_YbN, side="left")
    return tail_YbN.gather(-1, first_YbN)


def _slopes(
    sorted_YbN: Tensor, logit_YbN: Tensor, denominator_YbN: Tensor, pair_YbN: Tensor
) -> Tensor:
    """Derivative for each logit: its share in the denominators of all at most as far, minus 1."""
    inverse_YbN = torch.where(pair_YbN, -denominator_YbN, -torch.inf).logcumsumexp(-1)
    last_YbN = torch.searchsorted(sorted_YbN, sorted_YbN, side="right") - 1
    share_YbN = (logit_YbN + inverse_YbN.gather(-1, last_YbN)).exp()
    return torch.where(pair_YbN, share_YbN - 1, 0.0)
