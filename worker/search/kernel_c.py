"""The compiled kernel, by ctypes: it lets go of the interpreter's lock while it runs."""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from worker.search.build import LIBRARY, sources_sha256
from worker.search.kernel_arrays import CHUNK, KernelArrays
from worker.search.kernel_found import Found

VARIANTS = ("plain", "avx2", "avx512")  # what a later one needs, an earlier one does too

_COUNTS = (
    *("order", "edits", "padded", "lanes", "labels", "members"),
    *("layers", "units", "second_units", "is_gelu", "is_folded", "limits", "strata", "bins"),
    *("has_front", "steps", "is_simple"),
)
_ARRAYS = (
    *("constant", "single", "leading", "pair", "bound"),
    *("triple_start", "triple_key", "triple_value", "inner_constant", "inner"),
    *(
        "size_constant",
        "size",
        "exponent",
        "step",
        "unit_base",
        "unit_edit",
        "unit_block",
        "positive",
        "unit_count",
    ),
    *("second_base", "second_weight", "output", "spread", "center", "is_log", "weight", "penalty"),
    *("limit_label", "limit_sign", "limit_factor", "limit_least", "sure_sign", "sure_least"),
    *("front_weight", "front_penalty", "front_slack", "allowed", "is_open", "stratum"),
)


_PRUNING = ("node", "term_block", "term_single", "room", "room_share", "least")


class _Screen(ctypes.Structure):
    """`Screen` in screen.h."""

    _fields_ = [  # ctypes' own
        *((name, ctypes.c_int64) for name in _COUNTS),
        *((name, ctypes.c_void_p) for name in _ARRAYS),
        ("bin_start", ctypes.c_float),
        ("bins_per_unit", ctypes.c_float),
        ("terms", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in _PRUNING),
    ]


class _Found(ctypes.Structure):
    """`Found` in screen.h."""

    _fields_ = [  # ctypes' own
        *((name, ctypes.c_int64) for name in ("kept", "evaluated", "pruned", "infeasible")),
        *((name, ctypes.c_void_p) for name in ("value", "edit", "filled", "histogram")),
        *((name, ctypes.c_int64) for name in ("front_capacity", "front_count")),
        *((name, ctypes.c_void_p) for name in ("front_value", "front_edit")),
        *((name, ctypes.c_int64) for name in ("rival_capacity", "rival_count", "lost_rivals")),
        *((name, ctypes.c_void_p) for name in ("rival_value", "rival_edit")),
    ]


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The compiled kernel; None where it was not compiled, or not from these sources."""
    try:
        loaded = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    if not hasattr(loaded, "sources"):
        return None
    loaded.sources.restype = ctypes.c_char_p
    return loaded if loaded.sources().decode() == sources_sha256() else None


def variants() -> list[str]:
    """What was compiled and runs on this processor, the fastest first."""
    loaded = library()
    if loaded is None:
        return []
    best = loaded.best_variant()
    found = [name for name in VARIANTS[: best + 1] if hasattr(loaded, f"run_{name}")]
    return found[::-1]


def _address(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


class CompiledKernel:
    """Arrays of one screen, as the compiled kernel reads them."""

    designs, threads = CHUNK, None

    def __init__(self, arrays: KernelArrays, variant: str) -> None:
        self._arrays = arrays  # the struct holds addresses alone
        self._run: Callable[..., int] = getattr(library(), f"run_{variant}")
        self._tables = {
            name: (ctypes.c_void_p * len(tables))(*map(_address, tables))
            for name, tables in (("pair", arrays.pair), ("bound", arrays.bound))
        }
        self._screen = _Screen(**self._fields())

    def _fields(self) -> dict[str, Any]:
        arrays, bins = self._arrays, self._arrays.bins
        derived: dict[str, float] = {
            "limits": len(arrays.limit_label),
            "bins": bins.count if bins else 0,
            "has_front": arrays.front_weight is not None,
            "pair": ctypes.addressof(self._tables["pair"]),
            "bound": ctypes.addressof(self._tables["bound"]),
        }
        if bins:
            derived |= {"bin_start": bins.start, "bins_per_unit": 1 / bins.width}
        pruning = arrays.pruning
        if pruning:
            derived |= {"terms": pruning.terms}
            derived |= {name: _address(getattr(pruning, name)) or 0 for name in _PRUNING}
        counts = {name: int(getattr(arrays, name)) for name in _COUNTS if name not in derived}
        pointers = {
            name: _address(getattr(arrays, name)) for name in _ARRAYS if name not in derived
        }
        return counts | pointers | derived

    def run(self, found: Found, begin: int, end: int) -> None:
        """Go through all designs whose first edit is from `begin` to `end`."""
        state = _Found(
            kept=found.value.shape[1],
            value=_address(found.value),
            edit=_address(found.edit),
            filled=_address(found.filled),
            histogram=_address(found.histogram),
            front_capacity=len(found.front_value),
            front_count=found.front_count,
            front_value=_address(found.front_value),
            front_edit=_address(found.front_edit),
            rival_capacity=len(found.rival_value),
            rival_count=found.rival_count,
            lost_rivals=found.lost_rivals,
            rival_value=_address(found.rival_value),
            rival_edit=_address(found.rival_edit),
        )
        found.check(self._run(ctypes.byref(self._screen), ctypes.byref(state), begin, end))
        found.evaluated += state.evaluated
        found.pruned += state.pruned
        found.infeasible += state.infeasible
        found.front_count = state.front_count
        found.rival_count = state.rival_count
        found.lost_rivals = bool(state.lost_rivals)
