"""Where the gradient of a block of similarities goes."""

import copy
from typing import Self

import torch
from torch import Tensor


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
