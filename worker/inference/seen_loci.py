"""Which loci of designs, and which pairs of them, stood in training, whatever was done to them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.inference.parts import parts_of
from worker.inference.seen_designs import SeenDesigns
from worker.models.encoding import EncodedDesigns
from worker.models.observations import pair_keys, pairs_of

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LARGEST_TABLE = 1 << 24
_PADDING = -1


class LociColumns(NamedTuple):
    """Of each design [B]: its loci, those seen in training, and the same of pairs of them.

    `is_higher_order_B`: it has more edits than any training design. That and `pairs_seen_B` are
    None for a model that does not keep its designs.
    """

    gene_count_B: Codes
    genes_seen_B: Codes
    pair_count_B: Codes
    pairs_seen_B: Codes | None
    is_higher_order_B: Flags | None

    def rows(self, rows: slice | Codes) -> "LociColumns":
        """Those of some of the designs."""
        return LociColumns(
            self.gene_count_B[rows],
            self.genes_seen_B[rows],
            self.pair_count_B[rows],
            None if self.pairs_seen_B is None else self.pairs_seen_B[rows],
            None if self.is_higher_order_B is None else self.is_higher_order_B[rows],
        )

    @classmethod
    def joined(cls, parts: Sequence["LociColumns"]) -> "LociColumns":
        """Columns of designs one behind the other."""
        genes, genes_seen, pairs, pairs_seen, higher = zip(*parts, strict=True)
        return cls(
            np.concatenate(genes),
            np.concatenate(genes_seen),
            np.concatenate(pairs),
            None if pairs_seen[0] is None else np.concatenate(pairs_seen),
            None if higher[0] is None else np.concatenate(higher),
        )


class SeenLoci:
    """The loci of a model's edits, and what training saw of them."""

    def __init__(self, edits: Sequence[str], edit_count_E: Codes, seen: SeenDesigns | None) -> None:
        loci = [edit.partition(":")[0] for edit in edits]
        names, locus_E = np.unique(loci, return_inverse=True)
        self._count = len(names)
        # The last place is that of padding, which counts from -1.
        self._locus = np.append(locus_E.reshape(-1), _PADDING)
        is_seen_L = np.bincount(locus_E.reshape(-1), edit_count_E, self._count) > 0
        self._is_seen = np.append(is_seen_L, False)
        self._pairs = None if seen is None else self._table(seen)
        self._highest_order = None if seen is None else int(seen.order_K.max(initial=0))

    def of(self, edit_BP: Codes) -> LociColumns:
        """Columns of designs, whose edits count from 1, 0 being padding."""
        locus_BP = self._once(edit_BP)
        used_BP = locus_BP >= 0
        count_B = used_BP.sum(axis=1)
        return LociColumns(
            count_B,
            self._is_seen[locus_BP].sum(axis=1),
            count_B * (count_B - 1) // 2,
            None if self._pairs is None else self._seen_pairs(locus_BP, self._pairs),
            None
            if self._highest_order is None
            else (edit_BP > 0).sum(axis=1) > self._highest_order,
        )

    def _once(self, edit_BP: Codes) -> Codes:
        """The locus of each edit [B, P]; -1 at padding, and where the edit before has it, too."""
        locus_BP: Codes = self._locus[edit_BP - 1]
        # In canonical order the edits of a locus stand side by side.
        locus_BP[:, 1:][locus_BP[:, 1:] == locus_BP[:, :-1]] = _PADDING
        return locus_BP

    def _keys(self, locus_BP: Codes) -> tuple[Codes, Flags]:
        first_Q, second_Q, used_BQ = pairs_of(locus_BP + 1)
        return pair_keys(locus_BP[:, first_Q], locus_BP[:, second_Q], self._count), used_BQ

    def _table(self, seen: SeenDesigns) -> Codes | Flags:
        designs = EncodedDesigns(seen.edit_J.astype(np.int32), seen.level_J, seen.starts)
        found = [np.zeros(0, dtype=np.int64)]
        for place_K in parts_of(seen.order_K):
            part = designs.rows(place_K)
            edit_KP = part.padded(part.edit_J.astype(np.int64) + 1, 0)
            key_KQ, used_KQ = self._keys(self._once(edit_KP))
            found.append(np.unique(key_KQ[used_KQ]))
        key_Q = np.unique(np.concatenate(found))
        if (self._count + 1) ** 2 > _LARGEST_TABLE:
            return key_Q
        table = np.zeros((self._count + 1) ** 2, dtype=np.bool_)
        table[key_Q] = True
        return table

    def _seen_pairs(self, locus_BP: Codes, pairs: Codes | Flags) -> Codes:
        key_BQ, used_BQ = self._keys(locus_BP)
        key_BQ = np.where(used_BQ, key_BQ, 0)
        if pairs.dtype == np.bool_:
            is_seen_BQ = pairs[key_BQ]
        else:
            place_BQ = np.minimum(np.searchsorted(pairs, key_BQ), max(0, len(pairs) - 1))
            is_seen_BQ = pairs[place_BQ] == key_BQ if len(pairs) else np.zeros_like(used_BQ)
        count_B: Codes = (is_seen_BQ & used_BQ).sum(axis=1)
        return count_B
