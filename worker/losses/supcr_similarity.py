"""Similarities of SupCR by blocks of rows, and what a gradient of theirs means for the latents.

Nothing of size N x N is kept: a block of rows is made, used, and pulled back into [N, D].
"""

import copy
from typing import Literal, Protocol, Self

import torch
from torch import Tensor

Similarity = Literal["cosine", "neg_l2"]

# A latent shorter than this has no direction: its cosine is 0, and so is its gradient.
_SHORTEST = 1e-8
# Squared distances below this share of the squared lengths are rounding: the rows are the same.
_SAME = 1e-14


class SimilarityRows(Protocol):
    """Rows of the similarity matrix over the temperature, and their pullback."""

    @property
    def device(self) -> torch.device: ...

    def empty(self) -> Self:
        """The same rows, with nothing pulled: for another thread."""
        ...

    def absorb(self, other: Self) -> None:
        """Take in what the other pulled."""
        ...

    def logits(self, start: int, stop: int) -> Tensor:
        """Rows `start` to `stop` of the logits, [b, N]."""
        ...

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        """Take the gradient of those rows in; may be called once a block, right after logits."""
        ...

    def gradient(self) -> Tensor:
        """Gradient with respect to the latents of all that was pulled, [N, D]."""
        ...


class _Pulled:
    """Where pulled gradients go."""

    def __init__(self, z_ND: Tensor) -> None:
        self._grad_ND = torch.zeros_like(z_ND)

    @property
    def device(self) -> torch.device:
        return self._grad_ND.device

    def empty(self) -> Self:
        other = copy.copy(self)
        other._grad_ND = torch.zeros_like(self._grad_ND)
        return other

    def absorb(self, other: Self) -> None:
        self._grad_ND += other._grad_ND


class CosineRows(_Pulled):
    """Cosine similarity: one product for the logits, two for the gradient."""

    def __init__(self, z_ND: Tensor, temperature: float) -> None:
        super().__init__(z_ND)
        length_N1 = z_ND.norm(dim=1, keepdim=True)
        known_N1 = ~(length_N1 < _SHORTEST)  # NaN stays NaN
        self._inverse_N1 = torch.where(known_N1, 1 / length_N1, torch.zeros_like(length_N1))
        self._unit_ND = z_ND * self._inverse_N1
        self._temperature = temperature

    def logits(self, start: int, stop: int) -> Tensor:
        return (self._unit_ND[start:stop] / self._temperature) @ self._unit_ND.T

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        self._grad_ND[start:stop].addmm_(grad_bN, self._unit_ND)
        self._grad_ND.addmm_(grad_bN.T, self._unit_ND[start:stop])

    def gradient(self) -> Tensor:
        along_N1 = (self._grad_ND * self._unit_ND).sum(dim=1, keepdim=True)
        across_ND = self._grad_ND - along_N1 * self._unit_ND
        return across_ND * (self._inverse_N1 / self._temperature)


class NegL2Rows(_Pulled):
    """Negative Euclidean distance.

    float32 latents go through a float64 product of the centred rows: in float32 the product form
    loses the digits of near neighbours, and the direct form costs several times as much. float64
    latents take the direct form. At distance 0 the gradient is 0.
    """

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


def similarity_rows(z_ND: Tensor, similarity: Similarity, temperature: float) -> SimilarityRows:
    """Rows of the named similarity.

    Raises:
        ValueError: the similarity is not known.
    """
    if similarity == "cosine":
        return CosineRows(z_ND, temperature)
    if similarity == "neg_l2":
        return NegL2Rows(z_ND, temperature)
    raise ValueError(f"similarity {similarity!r} is none of 'cosine', 'neg_l2'")
