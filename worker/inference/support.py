"""How much training data stands behind a design.

Counts are kept by 64-bit keys of names, sorted, so that they do not depend on how a model orders
its edits. A set's key is the wrapped sum of its members' keys: order-free, and at 10 million
designs a collision has a chance of one in 400,000.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.inference import Support

Codes = NDArray[np.int64]
_WRAP = 1 << 64
_HALF = 1 << 63


@lru_cache(maxsize=1 << 18)
def _name_key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _signed(total: int) -> int:
    """An int64 out of a sum of unsigned keys (safetensors has int64 everywhere)."""
    wrapped = total % _WRAP
    return wrapped - _WRAP if wrapped >= _HALF else wrapped


def _design_key(design: Design) -> int:
    return _signed(sum(_name_key(str(edit)) for edit in design.edits))


def _pair_keys(design: Design) -> list[int]:
    keys = [_name_key(edit.key) for edit in design.edits]
    return [_signed(a + b) for a, b in combinations(keys, 2)]


def _sorted_counts(counts: Counter[int]) -> tuple[Codes, Codes]:
    keys = sorted(counts)
    return np.array(keys, dtype=np.int64), np.array([counts[k] for k in keys], dtype=np.int64)


def count_support(
    designs: Sequence[Design], row_counts: Iterable[int], edits: Sequence[str]
) -> dict[str, Codes]:
    """Arrays to store with a model, from its training designs and how many rows each has."""
    design_counts: Counter[int] = Counter()
    edit_counts: Counter[str] = Counter()
    pair_counts: Counter[int] = Counter()
    for design, rows in zip(designs, row_counts, strict=True):
        design_counts[_design_key(design)] += rows
        for edit in design.edits:
            edit_counts[edit.key] += rows
        for key in _pair_keys(design):
            pair_counts[key] += rows
    design_key, design_count = _sorted_counts(design_counts)
    pair_key, pair_count = _sorted_counts(pair_counts)
    return {
        "support.design_key": design_key,
        "support.design_count": design_count,
        "support.pair_key": pair_key,
        "support.pair_count": pair_count,
        "support.edit_count": np.array([edit_counts[key] for key in edits], dtype=np.int64),
    }


def _look_up(keys: Codes, counts: Codes, wanted: Sequence[int]) -> list[int]:
    if not len(keys):
        return [0] * len(wanted)
    array = np.array(wanted, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, array), len(keys) - 1)
    found: list[int] = np.where(keys[place] == array, counts[place], 0).tolist()
    return found


def support_of(
    designs: Sequence[Design], arrays: dict[str, Codes], edits: Sequence[str]
) -> Support:
    """Support of each design, in order."""
    per_edit = dict(zip(edits, arrays["support.edit_count"].tolist(), strict=True))
    pair_keys = [_pair_keys(design) for design in designs]
    flat = _look_up(
        arrays["support.pair_key"],
        arrays["support.pair_count"],
        [key for keys in pair_keys for key in keys],
    )
    rest = iter(flat)
    return Support(
        design_count=_look_up(
            arrays["support.design_key"],
            arrays["support.design_count"],
            [_design_key(design) for design in designs],
        ),
        edit_count_min=[
            min((per_edit[edit.key] for edit in design.edits), default=None) for design in designs
        ],
        pair_count_min=[min((next(rest) for _ in keys), default=None) for keys in pair_keys],
    )
