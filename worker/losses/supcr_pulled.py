"""Where the gradient of a block of similarities goes."""

import copy
from typing import Self

import torch
from torch import Tensor

from worker.losses.supcr_scratch import SCRATCH


class Pulled:
    """Gradients of blocks of rows, summed up in [N, D]."""

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

    def _block(self, name: str, rows: int, dtype: torch.dtype) -> Tensor:
        """A block of rows of pairs, to be written."""
        return SCRATCH.take(name, (rows, len(self._grad_ND)), dtype, self.device)
