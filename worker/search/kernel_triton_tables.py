"""Arrays of a screen on the device, and the shape of what a program reads. Imports triton."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import triton
from numpy.typing import NDArray
from torch import Tensor

from worker.search.kernel_arrays import KernelArrays
from worker.search.kernel_triton_screen import Goals
from worker.search.kernel_triton_units import Tables
from worker.search.tables import Singles

_COUNTS = ("edits", "labels", "members", "units", "second_units")
_BY_EDIT = ("single", "leading", "inner", "size")
_TABLES = (
    *("constant", "triple_start", "triple_value", "inner_constant", "size_constant", "exponent"),
    *("step", "unit_base", "positive", "unit_count", "second_base", "output"),
    *("spread", "center"),
)
_GOALS = (
    *("weight", "penalty", "limit_label", "limit_sign", "limit_factor", "limit_least"),
    *("sure_sign", "sure_least", "front_weight", "front_penalty", "front_slack"),
)
_DESIGNS = 1 << 10  # of a program, at most
_VALUES = 1 << 12  # that it holds, of all channels or second units
_LAST_EDITS = 128


class Shape(NamedTuple):
    """What a kernel is compiled for: a tile of P rows by Q last edits, and powers of two."""

    IS_GELU: bool
    ORDER: int
    P: int
    Q: int
    C: int  # at least as many as there are channels
    Y: int  # labels of hidden layers
    G: int  # units of a second layer

    @classmethod
    def of(cls, arrays: KernelArrays) -> "Shape":
        """The largest tile whose values stay in the registers of one warp."""
        is_layered = arrays.layers > 0 and not arrays.is_folded
        channels = triton.next_power_of_2(arrays.members * arrays.labels)
        labels = triton.next_power_of_2(arrays.labels) if is_layered else 1
        units = triton.next_power_of_2(max(1, arrays.second_units))
        held = _VALUES // max(channels, labels, units)
        designs = max(32, min(_DESIGNS, held))
        last = min(_LAST_EDITS, designs)
        rows = designs // last
        return cls(arrays.is_gelu, arrays.order, rows, last, channels, labels, units)

    def options(self) -> dict[str, Any]:
        """How it is compiled: a warp a program, which needs no barriers.

        What is seldom gone through may spill, so that 16 programs find room where 8 would.
        """
        is_small = max(self.C, self.G) == 1
        return {"num_warps": 1, "enable_fp_fusion": True, "maxnreg": 128 if is_small else None}


def device_tables(arrays: KernelArrays, device: torch.device) -> Tables:
    """What heads are read from."""
    pair, pair_place = _stacked(arrays.pair)
    bound, bound_place = _stacked(arrays.bound)
    second, key = arrays.second_weight, arrays.triple_key
    by_edit: dict[str, Any] = {"pair": pair, "bound": bound, "unit": _by_unit(arrays.unit_block)}
    by_edit |= {name: getattr(arrays, name) for name in _BY_EDIT}
    held: dict[str, Any] = {"pair_place": pair_place, "bound_place": bound_place}
    held |= {name: getattr(arrays, name) for name in _TABLES}
    held |= {"second_weight": None if second is None else second.transpose(0, 2, 1)}
    held |= {"is_log": arrays.is_log if arrays.is_log.any() else None}
    known = next((tables for tables in (bound, pair) if tables is not None), None)
    padded = _padded(arrays.edits)
    there: dict[str, Any] = {name: getattr(arrays, name) for name in _COUNTS}
    there |= {name: _put(array, device, padded) for name, array in by_edit.items()}
    there |= {name: _put(array, device) for name, array in held.items()}
    return Tables(
        **there,
        padded=padded,
        table_size=0 if known is None else known.shape[1] * padded,
        triple_key=None if key is None else torch.from_numpy(key).to(device),  # of 64 bits
        triple_steps=0 if key is None else len(key).bit_length(),
    )


def device_goals(arrays: KernelArrays, device: torch.device) -> Goals:
    """What designs are ranked and limited by."""
    bins, padded = arrays.bins, _padded(arrays.edits)
    there: dict[str, Any] = {name: _put(getattr(arrays, name), device) for name in _GOALS}
    return Goals(
        **there,
        allowed=_put(arrays.allowed, device, padded),
        stratum=_put(arrays.stratum, device, padded),
        limits=len(arrays.limit_label),
        strata=arrays.strata,
        bins=bins.count if bins else 0,
        bin_start=float(np.float32(bins.start)) if bins else 0.0,
        bins_per_unit=float(np.float32(1 / bins.width)) if bins else 0.0,
    )


def _padded(edits: int) -> int:
    """Whole tiles of any shape."""
    return -(-edits // _LAST_EDITS) * _LAST_EDITS


def _put(
    array: NDArray[Any] | None, device: torch.device, width: int | None = None
) -> Tensor | None:
    """An array on the device, with a last axis of some width; counts become 32 bits."""
    if array is None:
        return None
    narrow = array.astype(np.int32) if array.dtype == np.int64 else array
    there = torch.from_numpy(np.ascontiguousarray(narrow)).to(device)
    if width is None:
        return there
    wide = there.new_zeros((*there.shape[:-1], width))
    kept = min(width, there.shape[-1])
    wide[..., :kept] = there[..., :kept]
    return wide


def _stacked(
    tables: Sequence[Singles | None],
) -> tuple[Singles | None, NDArray[np.int64] | None]:
    """Tables that are there [tables, R, padded], and the place of each, -1 for none."""
    known = [table for table in tables if table is not None]
    if not known:
        return None, None
    place = np.cumsum([table is not None for table in tables]) - 1
    return np.stack(known), np.where([table is not None for table in tables], place, -1)


def _by_unit(block: Singles | None) -> Singles | None:
    """Units of all edits [N, H, padded], of those in blocks of edits."""
    if block is None:
        return None
    nets, blocks, units, lanes = block.shape
    return block.transpose(0, 2, 1, 3).reshape(nets, units, blocks * lanes)
