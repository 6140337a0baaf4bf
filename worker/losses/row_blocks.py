"""Sums over anchors a block at a time, so that no matrix of all pairs is ever kept."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

# Pairs of a block.
_BLOCK = 2**20


def sum_by_blocks(terms: Callable[[int, int], Tensor], rows: int, candidates: int) -> Tensor:
    """Sum of ``terms(start, stop)``, [b], over all rows; O(block x candidates) memory.

    With more than one block, a block's terms are computed once more in backward instead of kept.
    `terms` draws nothing at random.
    """
    block = max(1, _BLOCK // max(1, candidates))
    if rows <= block:
        return terms(0, rows).sum()
    sums = [
        checkpoint(
            terms, start, min(start + block, rows), use_reentrant=False, preserve_rng_state=False
        ).sum()
        for start in range(0, rows, block)
    ]
    return torch.stack(sums).sum()
