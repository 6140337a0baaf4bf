"""SupCR on a GPU: O(N log N) an anchor and label column, a block of rows at a time, in Triton."""

from collections.abc import Sequence

import torch
import triton
from torch import Tensor

from worker.losses.supcr_labels import LabelColumns
from worker.losses.supcr_scan import log_denominators, scan_sides, slopes

# Elements of a block of logits; the workspace is a few times this for every label column.
_BLOCK = 2**25
# Elements a program works on at once.
_CHUNK = 1024


class ScanKernel:
    """Loss and gradient of a block of anchors; no host sync, no atomics.

    Args:
        views: the labels of each view, on the device of the latents.
        upstream: let the anchor into the denominators of rows whose label equals its own.

    Raises:
        ValueError: not on a GPU (but with TRITON_INTERPRET=1).
    """

    threads = 1

    def __init__(self, views: Sequence[LabelColumns], *, upstream: bool = False) -> None:
        self._views = [_View(columns, upstream=upstream) for columns in views]
        rows = max(columns.rows for columns in views)
        self.block_rows = max(1, min(rows, _BLOCK // max(rows, 1)))

    def plan(self, start: int, stop: int) -> None:
        """Nothing is worth keeping from one view to the next."""

    def __call__(
        self, view: int, logits_bN: Tensor, start: int, _plan: None, *, gradient: bool
    ) -> tuple[Tensor, Tensor]:
        return self._views[view](logits_bN, start, gradient=gradient)


class _View:
    """One view's labels in their order, and its sums."""

    def __init__(self, columns: LabelColumns, *, upstream: bool) -> None:
        device = columns.label_YN.device
        if device.type != "cuda" and not triton.knobs.runtime.interpret:
            raise ValueError(f"implementation 'triton' runs on a GPU, not on {device.type}")
        self._upstream = upstream
        self._chunk = min(_CHUNK, triton.next_power_of_2(max(columns.rows, 16)))
        missing_YN = ~columns.present_YN
        filled_YN = columns.label_YN.masked_fill(missing_YN, torch.inf)
        self._label_YN, order_YN = filled_YN.sort(dim=1, stable=True)
        self._order_YN = order_YN.to(torch.int32)
        self._place_YN = order_YN.argsort(dim=1).masked_fill_(missing_YN, -1).to(torch.int32)
        self._count_Y = columns.present_YN.sum(dim=1, dtype=torch.int32)
        self._scale_Y = columns.scale_Y

    def __call__(self, logits_bN: Tensor, start: int, *, gradient: bool) -> tuple[Tensor, Tensor]:
        rows, width = logits_bN.shape
        logits_bN = logits_bN.contiguous()
        columns = len(self._count_Y)
        shape = (columns, rows, width)
        chunks = triton.cdiv(width, self._chunk)
        sides_YbN = logits_bN.new_empty(shape)
        inverse_YbN = logits_bN.new_empty(shape)
        loss_Ybc = logits_bN.new_empty((columns, rows, chunks), dtype=torch.float64)
        labels = (self._order_YN, self._label_YN, self._place_YN, self._count_Y, self._scale_Y)
        where = (start, rows, width)
        sizes = {"BLOCK": self._chunk, "STEPS": width.bit_length()}
        self._scan(logits_bN, sides_YbN, start, outwards=False)
        log_denominators[(rows, columns, chunks)](
            logits_bN,
            *labels,
            sides_YbN,
            inverse_YbN,
            loss_Ybc,
            *where,
            UPSTREAM=self._upstream,
            **sizes,
        )
        grad_bN = torch.zeros_like(logits_bN) if gradient else logits_bN
        if gradient:
            self._scan(inverse_YbN, sides_YbN, start, outwards=True)
            for y in range(columns):
                slopes[(rows, chunks)](logits_bN, *labels, sides_YbN, grad_bN, *where, y, **sizes)
        return loss_Ybc.sum(), grad_bN

    def _scan(self, values: Tensor, out_YbN: Tensor, start: int, *, outwards: bool) -> None:
        columns, rows, width = out_YbN.shape
        gathered = values.ndim == 2
        scan_sides[(rows, columns)](
            values, self._order_YN, self._place_YN, self._count_Y, out_YbN, start, rows, width,
            OUTWARDS=outwards, GATHERED=gathered, BLOCK=self._chunk,
        )  # fmt: skip
