"""Negative Euclidean distances of SupCR by blocks of rows.

float32 latents go through a float64 product of the centred rows: in float32 the product form
loses the digits of near neighbours, and the direct form costs several times as much. float64
latents take the direct form. At distance 0 the gradient is 0.
"""

from typing import Self

import torch
from torch import Tensor

from worker.losses.supcr_pulled import Pulled

# Squared distances below this share of the squared lengths are rounding: the rows are the same.
_SAME = 1e-14
# Those below this share are worked on pair by pair: in a product their digits would cancel.
_NEAR = 1e-4
# The square of a distance that float32 can hold.
_SMALLEST = 1e-37


class NegL2Rows(Pulled):
    """On any device, in float64 throughout."""

    def __init__(self, z_ND: Tensor, temperature: float) -> None:
        wide_ND = z_ND.to(torch.float64)
        super().__init__(wide_ND)
        self._z_ND = wide_ND - wide_ND.mean(dim=0)
        self._square_N = self._z_ND.square().sum(dim=1)
        self._dtype = z_ND.dtype
        self._temperature = temperature
        self._distance_bN = self._z_ND.new_zeros((0, 0))

    def logits(self, start: int, stop: int) -> Tensor:
        self._distance_bN = self._distances(start, stop)
        return (self._distance_bN / -self._temperature).to(self._dtype)

    def _distances(self, start: int, stop: int) -> Tensor:
        rows_bD = self._z_ND[start:stop]
        if self._dtype is torch.float64:
            return torch.cdist(rows_bD, self._z_ND, compute_mode="donot_use_mm_for_euclid_dist")
        both_bN = self._square_N[start:stop, None] + self._square_N
        square_bN = torch.addmm(both_bN, rows_bD, self._z_ND.T, alpha=-2)
        same_bN = square_bN < _SAME * both_bN
        return square_bN.masked_fill_(same_bN, 0).sqrt_()

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        zero_bN = self._distance_bN == 0
        rate_bN = (grad_bN / self._distance_bN.masked_fill_(zero_bN, torch.inf)).contiguous()
        rows_bD = self._z_ND[start:stop]
        block_bD = self._grad_ND[start:stop]
        block_bD.addmm_(rate_bN, self._z_ND).sub_(rate_bN.sum(dim=1, keepdim=True) * rows_bD)
        self._grad_ND.addmm_(rate_bN.T, rows_bD).sub_(rate_bN.sum(dim=0)[:, None] * self._z_ND)

    def gradient(self) -> Tensor:
        return (self._grad_ND / self._temperature).to(self._dtype)


class NarrowNegL2Rows(Pulled):
    """Of float32 latents on a CPU: only the squares need float64."""

    def __init__(self, z_ND: Tensor, temperature: float) -> None:
        super().__init__(z_ND)
        wide_ND = z_ND.to(torch.float64)
        wide_ND = wide_ND - wide_ND.mean(dim=0)
        # Squares stay in the range of float32.
        self._unit = float(wide_ND.abs().max().clamp(min=1e-300)) if z_ND.numel() else 1.0
        self._wide_ND = wide_ND / self._unit
        self._row_ND = self._wide_ND.to(torch.float32)
        square_N1 = self._wide_ND.square().sum(dim=1, keepdim=True)
        one_N1 = torch.ones_like(square_N1)
        # Their product is a - 2 x.y + b.
        self._left_NE = torch.cat([-2 * self._wide_ND, square_N1, one_N1], dim=1)
        self._right_EN = torch.cat([self._wide_ND, one_N1, square_N1], dim=1).T
        self._square_N = square_N1[:, 0]
        self._largest = float(square_N1.max()) if len(z_ND) else 0.0
        self._rate_N = z_ND.new_zeros(len(z_ND))
        self._scale = self._unit / temperature
        self._distance_bN = z_ND.new_empty((0, 0))
        self._near = self._same = (torch.empty(0, dtype=torch.int64),) * 2
        self._apart_nD = wide_ND[:0]

    def empty(self) -> Self:
        other = super().empty()
        other._rate_N = torch.zeros_like(self._rate_N)
        return other

    def absorb(self, other: Self) -> None:
        super().absorb(other)
        self._rate_N += other._rate_N

    def logits(self, start: int, stop: int) -> Tensor:
        rows = stop - start
        square_bN = self._block("square", rows, torch.float64)
        torch.mm(self._left_NE[start:stop], self._right_EN, out=square_bN)
        square_bN.diagonal(start).fill_(torch.inf)
        self._find_near(square_bN, start)
        self._distance_bN = self._block("distance", rows, torch.float32)
        self._distance_bN.copy_(square_bN).sqrt_()
        logits_bN = self._block("logits", rows, torch.float32)
        torch.mul(self._distance_bN, -self._scale, out=logits_bN)
        logits_bN[self._same] = 0
        logits_bN.diagonal(start).fill_(0)
        return logits_bN

    def _find_near(self, square_bN: Tensor, start: int) -> None:
        """Find the pairs whose difference has more digits than the product, and take it."""
        self._near = self._same = (torch.empty(0, dtype=torch.int64),) * 2
        at_most = 2 * _NEAR * self._largest
        if not square_bN.amin() <= at_most:  # equal where all rows are the same
            return
        row_n, other_n = (square_bN <= at_most).nonzero(as_tuple=True)
        both_n = self._square_N[start + row_n] + self._square_N[other_n]
        near_n = square_bN[row_n, other_n] <= _NEAR * both_n
        row_n, other_n = row_n[near_n], other_n[near_n]
        self._near = row_n, other_n
        self._apart_nD = self._wide_ND[other_n] - self._wide_ND[start + row_n]
        square_n = self._apart_nD.square().sum(dim=1)
        same_n = square_n < _SMALLEST
        self._same = row_n[same_n], other_n[same_n]
        # Nothing is pulled over a distance of 0.
        square_bN[self._near] = square_n.masked_fill_(same_n, torch.inf)

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        rate_bN = self._block("logits", stop - start, torch.float32)  # which have been read
        torch.div(grad_bN, self._distance_bN, out=rate_bN)
        self._pull_near(start, rate_bN)
        self._rate_N[start:stop] += rate_bN.sum(dim=1)
        self._rate_N += rate_bN.sum(dim=0)
        self._grad_ND[start:stop].addmm_(rate_bN, self._row_ND)
        self._grad_ND.addmm_(rate_bN.T, self._row_ND[start:stop])

    def _pull_near(self, start: int, rate_bN: Tensor) -> None:
        """Pull the near pairs one by one, and take them out of the rates."""
        row_n, other_n = self._near
        if not len(row_n):
            return
        pulled_nD = self._apart_nD.to(torch.float32) * rate_bN[self._near][:, None]
        rate_bN[self._near] = 0
        self._grad_ND.index_add_(0, start + row_n, pulled_nD)
        self._grad_ND.index_add_(0, other_n, pulled_nD, alpha=-1)

    def gradient(self) -> Tensor:
        # The unit cancels: it is in the rows as it is in the distances.
        return (self._grad_ND - self._rate_N[:, None] * self._row_ND) * (self._scale / self._unit)
