"""SupCR in plain PyTorch, on any device: rows sorted a block at a time, no loop over anchors."""

import torch
from torch import Tensor

from worker.losses.supcr_labels import LabelColumns

# Pairs of a block over all columns; a pair takes some 80 bytes while its block is worked on.
_BLOCK = 2**20


class SortKernel:
    """Loss and gradient of a block of anchors: O(N log N) an anchor, log-sum-exps in float64.

    Args:
        columns: the labels, on the device of the latents.
        upstream: let the anchor into the denominators of rows whose label equals its own.
        summed: one loss on the distance summed over the label columns, of rows that have all of
            them; `columns` then has one presence and one scale.
    """

    threads = 1  # PyTorch has its own

    def __init__(
        self, columns: LabelColumns, *, upstream: bool = False, summed: bool = False
    ) -> None:
        pairs = max(1, columns.label_YN.numel())
        self.block_rows = max(1, min(columns.rows, _BLOCK // pairs))
        self._columns = columns
        self._upstream = upstream
        self._summed = summed

    def _distances(self, start: int, stop: int) -> Tensor:
        label_YN = self._columns.label_YN
        distance_YbN = (label_YN[:, start:stop, None] - label_YN[:, None, :]).abs_()
        return distance_YbN.sum(dim=0, keepdim=True) if self._summed else distance_YbN

    def __call__(self, logits_bN: Tensor, start: int, *, gradient: bool) -> tuple[Tensor, Tensor]:
        stop = start + len(logits_bN)
        present_YN = self._columns.present_YN
        both_YbN = present_YN[:, start:stop, None] & present_YN[:, None, :]
        pair_YbN = both_YbN.clone()
        pair_YbN.diagonal(start, 1, 2).fill_(False)
        # The anchor, at distance 0, is in its own denominators with a term of exp(-inf) = 0.
        counted_YbN = both_YbN if self._upstream else pair_YbN
        # Missing rows come last, where no denominator reaches.
        distance_YbN = self._distances(start, stop).masked_fill_(~both_YbN, torch.inf)
        distance_YbN, order_YbN = distance_YbN.sort(dim=-1)
        masked_YbN = (
            logits_bN.to(torch.float64)
            .expand_as(distance_YbN)
            .masked_fill(~counted_YbN, -torch.inf)
        )
        logit_YbN = masked_YbN.gather(-1, order_YbN)
        pair_YbN = pair_YbN.gather(-1, order_YbN)
        denominator_YbN = _log_denominators(distance_YbN, logit_YbN)
        scale_Y11 = self._columns.scale_Y[:, None, None]
        term_YbN = torch.where(pair_YbN, denominator_YbN - logit_YbN, 0.0)
        loss = (term_YbN * scale_Y11).sum()
        if not gradient:
            return loss, loss
        slope_YbN = _slopes(distance_YbN, logit_YbN, denominator_YbN, pair_YbN) * scale_Y11
        grad_YbN = torch.empty_like(slope_YbN).scatter_(-1, order_YbN, slope_YbN)
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
