"""Batch mixing a block of rows at a time, its gradient computed in the forward pass.

Nothing of size N x N is kept. With w the weights, m their sum, p the shares of the batches and H
the entropy of a cell, dH/dw_j = -(log p_b(j) + H) / m, and w = sigmoid((1 - D / s) / t) gives the
rest; s is itself one of the distances.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx

# Elements of a block; some ten of its size are alive at once, in float64.
_BLOCK = {"cpu": 2**18, "cuda": 2**23}
# Squared distances below this share of the squared lengths are rounding: the cells are the same.
_SAME = 1e-14
# A neighbourhood of a smaller squared radius is one point.
_POINT = 1e-290
# The sigmoid of less is 0 in every type; -inf would make 0 * inf.
_LEAST = -1e4


@dataclass(frozen=True)
class Cells:
    """Latents in float64, around their mean, and batches; a cell without a batch is blank.

    Its latent is 0, its squared length infinite (it is nobody's neighbour), its row of `batch_NK`
    zero; of others that row is one-hot. `dtype` is what the latents were given in.
    """

    z_ND: Tensor
    square_N: Tensor
    code_N: Tensor
    batch_NK: Tensor
    dtype: torch.dtype

    @property
    def rows(self) -> int:
        return len(self.z_ND)

    def distances(self, start: int, stop: int, out: Tensor | None = None) -> Tensor:
        """Squared distances of some cells to all, [b, N]; infinite to themselves."""
        square_bN = torch.add(self.square_N[start:stop, None], self.square_N, out=out)
        square_bN.addmm_(self.z_ND[start:stop], self.z_ND.T, alpha=-2)
        square_bN.diagonal(start).fill_(torch.inf)
        return square_bN


def cells(z_ND: Tensor, code_N: Tensor, batches: int) -> Cells:
    """Prepare a batch; a code below 0 is missing, one beyond the last batch makes all NaN."""
    present_N = code_N >= 0
    known_N = present_N.to(torch.float64)
    wide_ND = torch.where(present_N[:, None], z_ND, 0.0).to(torch.float64)
    center_D = wide_ND.sum(dim=0) / known_N.sum().clamp(min=1)
    z = torch.where(present_N[:, None], wide_ND - center_D, 0.0)
    beyond = torch.where((code_N >= batches).any(), torch.nan, 0.0)
    kept_N = code_N.clamp(0, batches - 1)
    batch_NK = torch.zeros(len(z), batches, dtype=torch.float64, device=z.device)
    batch_NK.scatter_(1, kept_N[:, None], (known_N + beyond)[:, None])
    square_N = torch.where(present_N, z.square().sum(dim=1), torch.inf)
    return Cells(z, square_N, kept_N, batch_NK, z_ND.dtype)


class Pulled:
    """What derivatives for squared distances mean for the latents, taken in by blocks of rows."""

    def __init__(self, z_ND: Tensor) -> None:
        self._z_ND = z_ND
        self._total_N = z_ND.new_zeros(len(z_ND))
        self._moved_ND = torch.zeros_like(z_ND)

    def add(self, start: int, slope_bN: Tensor) -> None:
        """Take the derivatives of the rows from `start` on in."""
        stop = start + len(slope_bN)
        self._total_N[start:stop] += slope_bN.sum(dim=1)
        self._total_N += slope_bN.sum(dim=0)
        self._moved_ND[start:stop].addmm_(slope_bN, self._z_ND)
        self._moved_ND.addmm_(slope_bN.T, self._z_ND[start:stop])

    def gradient(self) -> Tensor:
        """Sum over the pairs of twice the derivative times the difference, [N, D]."""
        return 2 * (self._total_N[:, None] * self._z_ND - self._moved_ND)


class Kernel(Protocol):
    """What an implementation computes: the sum of the cells' entropies, and its gradient."""

    def __call__(self, cells: Cells, *, gradient: bool) -> tuple[Tensor, Tensor]:
        """In nats, and [N, D] for the latents; without `gradient` that one means nothing."""
        ...


@dataclass(frozen=True)
class TorchKernel:
    """Any device, no host sync: all distances of a block are weighed, in float64.

    Args:
        neighbors: k; fewer where fewer others have a batch.
        temperature: t, of the neighbourhood's edge.
    """

    neighbors: int
    temperature: float

    def __call__(self, cells: Cells, *, gradient: bool) -> tuple[Tensor, Tensor]:
        total = cells.z_ND.new_zeros(())
        pulled = Pulled(cells.z_ND)
        block = max(1, _BLOCK.get(cells.z_ND.device.type, 2**18) // max(1, cells.rows))
        for start in range(0, cells.rows, block):
            slope_bN, entropy = self._block(cells, start, min(start + block, cells.rows))
            total = total + entropy
            if gradient:
                pulled.add(start, slope_bN)
        return total, pulled.gradient()

    def _block(self, cells: Cells, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Derivatives of the rows' entropies for their squared distances, and their sum."""
        square_bN = cells.distances(start, stop)
        both_bN = cells.square_N[start:stop, None] + cells.square_N
        square_bN.masked_fill_(square_bN < _SAME * both_bN, 0.0)
        radius_b1, at_b1 = self._edge(cells, square_bN)
        known_b1 = torch.isfinite(cells.square_N[start:stop, None]) & ~(cells.batch_NK.sum() < 2)
        # Of a row without a neighbour it is infinite; such a row counts nothing.
        radius_b1 = torch.where(known_b1, radius_b1, 1.0)
        is_point_b1 = radius_b1 < _POINT
        rate_b1 = 1.0 / (radius_b1 * self.temperature)
        rate_b1 = torch.where(is_point_b1, 1.0 / _POINT, rate_b1)
        logit_bN = torch.sub(radius_b1, square_bN, out=square_bN).mul_(rate_b1).clamp_(min=_LEAST)
        weight_bN = logit_bN.sigmoid()
        mass_bK = weight_bN @ cells.batch_NK
        slope_bK, entropy_b1 = _entropies(mass_bK)
        # w (1 - w) / (t s) is how fast a weight falls with its distance.
        slope_bK *= torch.where(known_b1 & ~is_point_b1, -rate_b1, 0.0)
        slope_bN = (slope_bK @ cells.batch_NK.T).mul_(weight_bN)
        slope_bN.mul_(weight_bN.neg_().add_(1.0))
        # A larger radius makes all distances smaller; D / s = 1 - t * logit.
        pull_b1 = torch.bmm(slope_bN[:, None], logit_bN[:, :, None])[:, 0] * self.temperature
        pull_b1 -= slope_bN.sum(dim=1, keepdim=True)
        slope_bN.scatter_(1, at_b1, slope_bN.gather(1, at_b1) + pull_b1)
        return slope_bN, torch.where(known_b1, entropy_b1, 0.0).sum()

    def _edge(self, cells: Cells, square_bN: Tensor) -> tuple[Tensor, Tensor]:
        """Squared distance of the k-th neighbour, and which it is."""
        most = max(1, min(self.neighbors, cells.rows - 1))
        nearest = square_bN.topk(most, dim=1, largest=False)
        others = (cells.batch_NK.sum() - 1).nan_to_num().clamp(1, most)
        rank_b1 = (others.long() - 1).expand(len(square_bN), 1)
        return nearest.values.gather(1, rank_b1), nearest.indices.gather(1, rank_b1)


def _entropies(mass_bK: Tensor) -> tuple[Tensor, Tensor]:
    """Derivatives of the entropies of the rows' shares for a weight of each batch; and those."""
    total_b1 = mass_bK.sum(dim=1, keepdim=True)
    share_bK = mass_bK / torch.where(total_b1 > 0, total_b1, 1.0)
    entropy_b1 = -torch.xlogy(share_bK, share_bK).sum(dim=1, keepdim=True)
    log_bK = torch.where(share_bK > 0, share_bK, 1.0).log()
    return -(log_bK + entropy_b1) / total_b1.clamp(min=_POINT), entropy_b1


class _Mixing(Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, z_ND: Tensor, prepared: Cells, kernel: Kernel, wanted: bool
    ) -> Tensor:
        total, grad_ND = kernel(prepared, gradient=wanted)
        if wanted:
            ctx.save_for_backward(z_ND, grad_ND.to(z_ND.dtype))
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, grad_output: Tensor) -> tuple[Tensor, None, None, None]:
        z_ND, grad_ND = ctx.saved_tensors  # type: ignore[attr-defined]  # the stub lacks it
        scaled: Tensor = _Gradient.apply(grad_output, z_ND, grad_ND)  # type: ignore[no-untyped-call]
        return scaled, None, None, None


class _Gradient(Function):
    """The gradient; the latents are its input so that a second derivative cannot pass it by."""

    @staticmethod
    def forward(_ctx: FunctionCtx, grad_output: Tensor, _z_ND: Tensor, grad_ND: Tensor) -> Tensor:
        return (grad_output * grad_ND).to(grad_ND.dtype)

    @staticmethod
    def backward(_ctx: FunctionCtx, _grad_ND: Tensor) -> tuple[Tensor, ...]:
        raise RuntimeError("batch mixing computes its gradient with its value: no second one")


def sum_of_entropies(z_ND: Tensor, prepared: Cells, kernel: Kernel) -> Tensor:
    """Sum over the cells of the entropy of their neighbours' batches, in nats, with a graph."""
    wanted = torch.is_grad_enabled() and z_ND.requires_grad
    value: Tensor = _Mixing.apply(z_ND, prepared, kernel, wanted)  # type: ignore[no-untyped-call]
    return value
