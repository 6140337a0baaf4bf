"""Memory that a thread uses again for its next block: fresh memory is slow to touch."""

from threading import local

import torch
from torch import Tensor


class Scratch(local):
    """Named blocks, every thread its own; what is in them is whatever was there last.

    A name is for one use at a time: whoever takes it again takes it away.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, Tensor] = {}

    def take(
        self, name: str, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
    ) -> Tensor:
        """The block of that name; a new one on a GPU, where PyTorch keeps memory itself."""
        if device.type != "cpu":
            return torch.empty(shape, dtype=dtype, device=device)
        size = 1
        for length in shape:
            size *= length
        block = self._blocks.get(name)
        if block is None or block.numel() < size or block.dtype is not dtype:
            # Made in inference mode, it could not be written to once that has ended.
            with torch.inference_mode(mode=False):
                block = torch.empty(size, dtype=dtype, device=device)
            self._blocks[name] = block
        return block[:size].view(shape)


SCRATCH = Scratch()
