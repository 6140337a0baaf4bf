"""Similarities of SupCR by blocks of rows, and what a gradient of theirs means for the latents.

Nothing of size N x N is kept: a block of rows is made, used, and pulled back into [N, D].
"""

from typing import Literal, Protocol, Self

import torch
from torch import Tensor

from worker.losses.supcr_neg_l2 import NarrowNegL2Rows, NegL2Rows
from worker.losses.supcr_pulled import Pulled

Similarity = Literal["cosine", "neg_l2"]

# A latent shorter than this has no direction: its cosine is 0, and so is its gradient.
_SHORTEST = 1e-8


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
        """Rows `start` to `stop` of the logits, [b, N]; they last until it is called again."""
        ...

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        """Take the gradient of those rows in; may be called once a block, right after logits."""
        ...

    def gradient(self) -> Tensor:
        """Gradient with respect to the latents of all that was pulled, [N, D]."""
        ...


class CosineRows(Pulled):
    """Cosine similarity: one product for the logits, two for the gradient."""

    def __init__(self, z_ND: Tensor, temperature: float) -> None:
        super().__init__(z_ND)
        length_N1 = z_ND.norm(dim=1, keepdim=True)
        known_N1 = ~(length_N1 < _SHORTEST)  # NaN stays NaN
        self._inverse_N1 = torch.where(known_N1, 1 / length_N1, torch.zeros_like(length_N1))
        self._unit_ND = z_ND * self._inverse_N1
        self._temperature = temperature

    def logits(self, start: int, stop: int) -> Tensor:
        logits_bN = self._block("logits", stop - start, self._unit_ND.dtype)
        return torch.mm(
            self._unit_ND[start:stop] / self._temperature, self._unit_ND.T, out=logits_bN
        )

    def pull(self, start: int, stop: int, grad_bN: Tensor) -> None:
        self._grad_ND[start:stop].addmm_(grad_bN, self._unit_ND)
        self._grad_ND.addmm_(grad_bN.T, self._unit_ND[start:stop])

    def gradient(self) -> Tensor:
        along_N1 = (self._grad_ND * self._unit_ND).sum(dim=1, keepdim=True)
        across_ND = self._grad_ND - along_N1 * self._unit_ND
        return across_ND * (self._inverse_N1 / self._temperature)


def similarity_rows(z_ND: Tensor, similarity: Similarity, temperature: float) -> SimilarityRows:
    """Rows of the named similarity.

    Raises:
        ValueError: the similarity is not known.
    """
    if similarity == "cosine":
        return CosineRows(z_ND, temperature)
    if similarity == "neg_l2":
        narrow = z_ND.dtype is torch.float32 and z_ND.device.type == "cpu"
        return (NarrowNegL2Rows if narrow else NegL2Rows)(z_ND, temperature)
    raise ValueError(f"similarity {similarity!r} is none of 'cosine', 'neg_l2'")
