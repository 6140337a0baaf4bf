"""SupCR on the CPU: O(N^2) a label column, compiled.

Around an anchor the rows to either side of it, in the order of their labels, are already sorted
by distance. Merging the two sides from the far ends inwards meets every row in falling order of
distance: the running sum is the denominator. Walking back outwards, the running sum of the
inverse denominators is what the gradient needs. No row is ever sorted.
"""

import numpy as np
import torch
from torch import Tensor

from worker.losses.supcr_labels import LabelColumns

# Elements of a block of logits: 1 MiB in float32, so that it stays in the processor's cache; but
# with fewer rows than these, the products with it get slow.
_BLOCK = 2**18
_ROWS = 64


class MergeKernel:
    """Loss and gradient of a block of anchors; needs numba.

    Every anchor is summed on its own, in an order that does not depend on `threads`, and without
    the interpreter lock.

    Args:
        columns: the labels, on the CPU.
        upstream: let the anchor into the denominators of rows whose label equals its own.
        threads: default those of PyTorch.
    """

    def __init__(
        self, columns: LabelColumns, *, upstream: bool = False, threads: int | None = None
    ) -> None:
        rows = columns.rows
        self.block_rows = max(1, min(rows, max(_ROWS, _BLOCK // max(rows, 1))))
        self._upstream = upstream
        self.threads = threads or torch.get_num_threads()
        filled_YN = columns.label_YN.masked_fill(~columns.present_YN, torch.inf)
        sorted_YN, order_YN = filled_YN.sort(dim=1, stable=True)
        place_YN = torch.empty_like(order_YN)
        place_YN.scatter_(1, order_YN, torch.arange(rows).expand_as(order_YN))
        place_YN.masked_fill_(~columns.present_YN, -1)
        self._columns = (
            order_YN.numpy().astype(np.uint32),
            sorted_YN.numpy(),
            place_YN.numpy(),
            columns.present_YN.sum(dim=1).numpy(),
            columns.scale_Y.numpy(),
        )

    def __call__(self, logits_bN: Tensor, start: int, *, gradient: bool) -> tuple[Tensor, Tensor]:
        if not self._upstream:
            logits_bN.diagonal(start).fill_(-torch.inf)
        shift_b = logits_bN.amax(dim=1)
        exp_bN = (logits_bN - shift_b[:, None]).exp_()
        loss_b = torch.zeros(len(logits_bN), dtype=torch.float64)
        grad_bN = torch.empty_like(logits_bN) if gradient else logits_bN[:, :0]
        # Here, because importing numba takes a second that small batches never need.
        from worker.losses.supcr_merge import merge_rows

        merge_rows(
            logits_bN.numpy(),
            exp_bN.numpy(),
            shift_b.numpy(),
            start,
            *self._columns,
            gradient,
            loss_b.numpy(),
            grad_bN.numpy(),
        )
        return loss_b.sum(), grad_bN
