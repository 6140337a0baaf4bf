"""How much training data stands behind a design.

Counts are kept by 64-bit keys made of names and effects, sorted, so that they do not depend on how
a model orders its edits. A set's key is the wrapped sum of its members' mixed keys: order-free,
and at 10 million designs a collision has a chance of one in 400,000.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.inference.seen_designs import SeenDesigns
from worker.inference.seen_loci import LociColumns, SeenLoci
from worker.models.encoding import DesignBatch
from worker.models.observations import pairs_of

Keys = NDArray[np.uint64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]

_MOST_TABLED_EDITS = 512
_NO_COUNT = np.iinfo(np.int64).max


class SupportColumns(NamedTuple):
    """Training rows behind each design [B]: `Support` as arrays, where -1 is None."""

    design_count_B: Codes
    edit_count_min_B: Codes
    pair_count_min_B: Codes
    is_extrapolated_B: Flags | None
    loci: LociColumns

    def rows(self, rows: slice | Codes) -> "SupportColumns":
        """Those of some of the designs."""
        return SupportColumns(
            self.design_count_B[rows],
            self.edit_count_min_B[rows],
            self.pair_count_min_B[rows],
            None if self.is_extrapolated_B is None else self.is_extrapolated_B[rows],
            self.loci.rows(rows),
        )


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


def _least(counts: Codes, used: Flags) -> Codes:
    least: Codes = np.where(used, counts, _NO_COUNT).min(axis=1, initial=_NO_COUNT)
    return np.where(least == _NO_COUNT, -1, least)


class SupportTables:
    """Counts of a model's training rows, to look designs up in."""

    def __init__(self, arrays: Arrays, edits: Sequence[str]) -> None:
        self._keys = name_keys(edits)
        self._loci = SeenLoci(edits, arrays["support.edit_count"], SeenDesigns.of(arrays))
        self._designs, self._pairs = (
            (arrays[f"support.{name}_key"], arrays[f"support.{name}_count"])
            for name in ("design", "pair")
        )
        self._mixed = _mix(self._keys)
        self._pair_table: Codes | None = None
        if len(edits) <= _MOST_TABLED_EDITS:
            place_E = np.arange(len(edits) + 1)
            first_EE, second_EE = np.meshgrid(place_E, place_E)
            self._pair_table = self._look_pairs_up(first_EE, second_EE)
        self._edit_count = np.concatenate([[0], arrays["support.edit_count"]])
        self._effect_range = None
        if "support.effect_min" in arrays:  # older models do not have it
            low, high = (arrays[f"support.effect_{end}"] for end in ("min", "max"))
            self._effect_range = np.pad(low, (1, 0)), np.pad(high, (1, 0))

    @property
    def edit_counts(self) -> Codes:
        """How many training rows held each edit [E]."""
        return self._edit_count[1:]

    def of(self, batch: DesignBatch) -> SupportColumns:
        """Support of designs."""
        edit_BP = batch.edit_BP.numpy()
        first_Q, second_Q, used_BQ = pairs_of(edit_BP)
        pair_count_BQ = self._pair_counts(edit_BP[:, first_Q], edit_BP[:, second_Q])
        return SupportColumns(
            _look_up(*self._designs, _design_keys(batch, self._keys)),
            _least(self._edit_count[edit_BP], edit_BP > 0),
            _least(pair_count_BQ, used_BQ),
            self._extrapolated(batch),
            self._loci.of(edit_BP),
        )

    def _pair_counts(self, first: Codes, second: Codes) -> Codes:
        """How many training rows held both of two edits; a vocabulary that is small has a table."""
        if self._pair_table is not None:
            return self._pair_table[first, second]
        return self._look_pairs_up(first, second)

    def _look_pairs_up(self, first: Codes, second: Codes) -> Codes:
        key: Keys = self._mixed[first] + self._mixed[second]
        return _look_up(*self._pairs, key.view(np.int64))

    def _extrapolated(self, batch: DesignBatch) -> Flags | None:
        if self._effect_range is None:
            return None
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        low, high = self._effect_range
        flags: Flags = ((effect_BP < low[edit_BP]) | (effect_BP > high[edit_BP])).any(axis=1)
        return flags


def joined(parts: Sequence[SupportColumns]) -> SupportColumns:
    """Columns of designs one behind the other."""
    design, edit, pair, extrapolated, loci = zip(*parts, strict=True)
    return SupportColumns(
        np.concatenate(design),
        np.concatenate(edit),
        np.concatenate(pair),
        None if extrapolated[0] is None else np.concatenate(extrapolated),
        LociColumns.joined(loci),
    )
