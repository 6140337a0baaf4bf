"""SupCR on the CPU: O(N^2) a label column, compiled.

The order of the rows around an anchor depends on the labels alone: it is found once for all views.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.losses.supcr_labels import LabelColumns, joined
from worker.losses.supcr_scratch import SCRATCH

# Elements of a block of logits: 1 MiB in float32, so that it stays in the processor's cache; but
# with fewer rows than these, the products with it get slow.
_BLOCK = 2**18
_ROWS = 64
_SHORT = 2**16


class Orders(NamedTuple):
    """The rows around each anchor of a block, the farthest first, and whether any tie."""

    taken_YbN: npt.NDArray[np.uint16 | np.uint32]
    tied_Yb: npt.NDArray[np.bool_]


class MergeKernel:
    """Loss and gradient of a block of anchors; needs numba.

    Every anchor is summed on its own, in an order that does not depend on `threads`, and without
    the interpreter lock.

    Args:
        views: the labels of each view, on the CPU; views differ only in which are present.
        upstream: let the anchor into the denominators of rows whose label equals its own.
        threads: default those of PyTorch.
    """

    def __init__(
        self, views: Sequence[LabelColumns], *, upstream: bool = False, threads: int | None = None
    ) -> None:
        columns = joined(views)
        rows = columns.rows
        self.block_rows = max(1, min(rows, max(_ROWS, _BLOCK // max(rows, 1))))
        self._upstream = upstream
        self.threads = threads or torch.get_num_threads()
        filled_YN = columns.label_YN.masked_fill(~columns.present_YN, torch.inf)
        sorted_YN, order_YN = filled_YN.sort(dim=1, stable=True)
        place_YN = torch.empty_like(order_YN)
        place_YN.scatter_(1, order_YN, torch.arange(rows).expand_as(order_YN))
        place_YN.masked_fill_(~columns.present_YN, -1)
        self._index = torch.uint16 if rows <= _SHORT else torch.uint32
        self._order_YN = order_YN.to(self._index).numpy()
        self._sorted_YN = sorted_YN.numpy()
        self._place_YN = place_YN.numpy()
        self._count_Y = columns.present_YN.sum(dim=1).numpy()
        self._label_YN = columns.label_YN.numpy()
        self._views = [
            (v.present_YN.float().numpy(), v.present_YN.sum(dim=1).numpy(), v.scale_Y.numpy())
            for v in views
        ]

    def _block(self, name: str, like: Tensor) -> Tensor:
        return SCRATCH.take(name, tuple(like.shape), like.dtype, like.device)

    def plan(self, start: int, stop: int) -> Orders:
        # Here, because importing numba takes a second that small batches never need.
        from worker.losses.supcr_merge import merge_column

        columns, rows = self._order_YN.shape
        shape = (columns, stop - start, rows)
        taken = SCRATCH.take("taken", shape, self._index, torch.device("cpu"))
        plan = Orders(taken.numpy(), np.zeros(shape[:2], np.bool_))
        for y in range(columns):
            merge_column(
                self._sorted_YN[y],
                self._order_YN[y],
                self._count_Y[y],
                self._place_YN[y, start:stop],
                plan.taken_YbN[y],
                plan.tied_Yb[y],
            )
        return plan

    def __call__(
        self, view: int, logits_bN: Tensor, start: int, plan: Orders, *, gradient: bool
    ) -> tuple[Tensor, Tensor]:
        from worker.losses.supcr_sums import add_sums, to_gradient
        from worker.losses.supcr_wide import add_wide

        if not self._upstream:
            logits_bN.diagonal(start).fill_(-torch.inf)
        shift_b = logits_bN.amax(dim=1)
        exp_bN = self._block("exp", logits_bN)
        exp = torch.sub(logits_bN, shift_b[:, None], out=exp_bN).exp_().numpy()
        logits = logits_bN.numpy()
        grad_bN = self._block("grad", logits_bN).zero_() if gradient else logits_bN[:, :0]
        loss_b = np.zeros(len(logits))
        wide_Yb = np.zeros_like(plan.tied_Yb)
        present_YN, count_Y, scale_Y = self._views[view]
        labels = (self._count_Y, self._label_YN, present_YN, count_Y, scale_Y)
        grad = grad_bN.numpy()
        out = (loss_b, grad, wide_Yb)
        shift = shift_b.numpy()
        taken_YbN, tied_Yb = plan
        add_sums(logits, exp, shift, start, taken_YbN, tied_Yb, *labels, gradient, *out)
        if gradient:
            weight_YN = (present_YN * scale_Y[:, None]).astype(exp.dtype)
            to_gradient(grad, exp, weight_YN, start, wide_Yb)
        if wide_Yb.any():
            add_wide(logits, start, taken_YbN, *labels, gradient, *out)
        return torch.tensor(loss_b.sum()), grad_bN
