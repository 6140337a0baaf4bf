"""How much training data stands behind a design.

Counts are kept by 64-bit keys made of names and effects, sorted, so that they do not depend on how
a model orders its edits. A set's key is the wrapped sum of its members' mixed keys: order-free,
and at 10 million designs a collision has a chance of one in 400,000.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.inference import Support
from worker.models.encoding import DesignBatch

Keys = NDArray[np.uint64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

_NO_COUNT = np.iinfo(np.int64).max


def name_keys(edits: Sequence[str]) -> Keys:
    """A key for each edit of a model, with the padding's 0 in front."""
    digests = [blake2b(edit.encode(), digest_size=8).digest() for edit in edits]
    return np.array([0, *(int.from_bytes(d, "little") for d in digests)], dtype=np.uint64)


def _mix(key: Keys) -> Keys:
    """A bijection without linear structure, so that sums of keys do not coincide.

    Source: Steele, Lea and Flood 2014, SplitMix64 (doi:10.1145/2660193.2660195).
    """
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def _design_keys(batch: DesignBatch, keys: Keys) -> Codes:
    """Key of each design: its edits with their effects, so that a level counts."""
    edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
    mixed_BP = _mix(keys[edit_BP] ^ _mix(effect_BP.view(np.uint64)))
    total_B: Keys = np.where(edit_BP > 0, mixed_BP, np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return total_B.view(np.int64)


def _pairs(batch: DesignBatch, keys: Keys) -> tuple[Codes, Flags]:
    """Key of each pair of positions, and whether both hold an edit: [B, P (P - 1) / 2] both."""
    edit_BP = batch.edit_BP.numpy()
    places = list(combinations(range(edit_BP.shape[1]), 2))
    first, second = (np.array([pair[i] for pair in places], dtype=np.int64) for i in (0, 1))
    mixed_BP = _mix(keys[edit_BP])
    total: Keys = mixed_BP[:, first] + mixed_BP[:, second]
    return total.view(np.int64), (edit_BP[:, first] > 0) & (edit_BP[:, second] > 0)


def _counts(keys: Codes, rows: Codes) -> tuple[Codes, Codes]:
    unique, place = np.unique(keys, return_inverse=True)
    total = np.zeros(len(unique), dtype=np.int64)
    np.add.at(total, place.reshape(-1), rows)
    return unique, total


def count_support(
    batch: DesignBatch, row_count_B: Codes, edits: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Arrays to store with a model, from its training designs and how many rows each has."""
    keys = name_keys(edits)
    design_key, design_count = _counts(_design_keys(batch, keys), row_count_B)
    pair_BQ, used_BQ = _pairs(batch, keys)
    rows_BQ = np.broadcast_to(row_count_B[:, None], pair_BQ.shape)
    pair_key, pair_count = _counts(pair_BQ[used_BQ], rows_BQ[used_BQ])
    edit_count = np.zeros(len(edits) + 1, dtype=np.int64)
    edit_BP = batch.edit_BP.numpy()
    np.add.at(edit_count, edit_BP, np.broadcast_to(row_count_B[:, None], edit_BP.shape))
    effect_min, effect_max = _effect_ranges(batch, len(edits))
    return {
        "support.design_key": design_key,
        "support.design_count": design_count,
        "support.pair_key": pair_key,
        "support.pair_count": pair_count,
        "support.edit_count": edit_count[1:],
        "support.effect_min": effect_min,
        "support.effect_max": effect_max,
    }


def _effect_ranges(batch: DesignBatch, edit_count: int) -> tuple[Floats, Floats]:
    """Least and greatest effect of each edit; an effect grows or falls with the level."""
    edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
    low, high = (np.full(edit_count + 1, bound) for bound in (np.inf, -np.inf))
    np.minimum.at(low, edit_BP, effect_BP)
    np.maximum.at(high, edit_BP, effect_BP)
    return low[1:], high[1:]


def _look_up(keys: Codes, counts: Codes, wanted: Codes) -> Codes:
    if not len(keys):
        return np.zeros(wanted.shape, dtype=np.int64)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, counts[place], 0)


def _least(counts: Codes, used: Flags) -> list[int | None]:
    least = np.where(used, counts, _NO_COUNT).min(axis=1, initial=_NO_COUNT).tolist()
    return [None if count == _NO_COUNT else count for count in least]


def _extrapolated(batch: DesignBatch, arrays: Arrays) -> list[bool]:
    edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
    low, high = (np.pad(arrays[f"support.effect_{end}"], (1, 0)) for end in ("min", "max"))
    outside_BP = (effect_BP < low[edit_BP]) | (effect_BP > high[edit_BP])
    flags: list[bool] = outside_BP.any(axis=1).tolist()
    return flags


def _support(batch: DesignBatch, arrays: Arrays, keys: Keys) -> dict[str, list[Any]]:
    edit_BP = batch.edit_BP.numpy()
    per_edit = np.concatenate([[0], arrays["support.edit_count"]])
    pair_BQ, used_BQ = _pairs(batch, keys)
    pairs = _look_up(arrays["support.pair_key"], arrays["support.pair_count"], pair_BQ)
    design_B = _design_keys(batch, keys)
    designs = _look_up(arrays["support.design_key"], arrays["support.design_count"], design_B)
    columns = {
        "design_count": designs.tolist(),
        "edit_count_min": _least(per_edit[edit_BP], edit_BP > 0),
        "pair_count_min": _least(pairs, used_BQ),
    }
    if "support.effect_min" in arrays:  # older models do not have it
        columns["is_extrapolated"] = _extrapolated(batch, arrays)
    return columns


def support_of(
    batches: Sequence[DesignBatch], order_B: Codes, arrays: Arrays, keys: Keys
) -> Support:
    """Support of each design; `order_B` tells its place in the batches, `keys` from `name_keys`."""
    parts = [_support(batch, arrays, keys) for batch in batches]
    places = order_B.tolist()
    columns = {}
    for name in parts[0]:
        column = list(chain.from_iterable(part[name] for part in parts))
        columns[name] = [column[place] for place in places]
    return Support(**columns)
