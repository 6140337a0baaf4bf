"""Edits found in the rows of a batch, and the genotypes that they make.

Edits are codes here: a genotype is the sorted codes of its row, joined. Only genotypes with two
edits of one locus are looked at one by one.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.designs import Edit
from worker.data.batch import Problems
from worker.data.parse import BadCell, Cell

Integers = npt.NDArray[np.int64]
# What the cells of a row say: some edits, or nonsense.
Outcome = tuple[Edit, ...] | BadCell


class FoundEdits:
    """Collects the edits of the rows of one batch."""

    def __init__(self, row_count: int) -> None:
        self._row_count = row_count
        self._edits: list[Edit] = []
        self._rows: list[Integers] = [np.empty(0, np.int64)]
        self._codes: list[Integers] = [np.empty(0, np.int64)]

    def add(
        self, rows: Integers, inverse: Integers, outcomes: Sequence[Outcome], problems: Problems
    ) -> None:
        """Give `rows[i]` the edits `outcomes[inverse[i]]`, or mark it as bad."""
        is_bad = np.array([isinstance(outcome, BadCell) for outcome in outcomes], dtype=bool)
        bad = np.flatnonzero(is_bad[inverse])
        problems.mark(rows[bad])
        for at in bad[: problems.listed_rows].tolist():
            outcome = outcomes[inverse[at]]
            if isinstance(outcome, BadCell):
                problems.list_row(int(rows[at]), *outcome)
        self._add_edits(
            rows, inverse, [() if isinstance(found, BadCell) else found for found in outcomes]
        )

    def _add_edits(
        self, rows: Integers, inverse: Integers, found: Sequence[tuple[Edit, ...]]
    ) -> None:
        counts = np.array([len(edits) for edits in found], dtype=np.int64)
        starts = len(self._edits) + np.cumsum(counts) - counts
        self._edits += [edit for edits in found for edit in edits]
        for nth in range(int(counts.max(initial=0))):
            has_nth = counts[inverse] > nth
            self._rows.append(rows[has_nth])
            self._codes.append(starts[inverse[has_nth]] + nth)

    def orders(self) -> Integers:
        """How many edits each row has."""
        return np.bincount(np.concatenate(self._rows), minlength=self._row_count)

    def join(self) -> tuple[pa.StringArray, Integers]:
        """Text of each row's edits in canonical order, and the rows with two edits of a locus."""
        size = max(len(self._edits), 1)
        by_order = sorted(range(len(self._edits)), key=lambda code: self._edits[code].order_key)
        rank = np.empty(size, dtype=np.int64)
        rank[by_order] = np.arange(len(by_order))
        keys = np.concatenate(self._rows) * size + rank[np.concatenate(self._codes)]
        rows, ranks = np.divmod(np.sort(keys), size)
        ranked = [self._edits[code] for code in by_order]
        texts = pa.array([str(edit) for edit in ranked], pa.string()).take(pa.array(ranks))
        return join_rows(self.orders(), texts), _rows_with_a_locus_twice(ranked, rows, ranks)


def _rows_with_a_locus_twice(ranked: list[Edit], rows: Integers, ranks: Integers) -> Integers:
    """Equal loci have neighbouring ranks, so they are neighbours in a row."""
    changes = [one.locus != other.locus for one, other in pairwise(ranked)]
    loci = np.cumsum([0, *changes])[ranks]
    return np.unique(rows[1:][(rows[1:] == rows[:-1]) & (loci[1:] == loci[:-1])])


def join_rows(counts: Integers, texts: pa.StringArray) -> pa.StringArray:
    """Join consecutive texts by ``+``, `counts[i]` of them for row i."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), "+")


def distinct_rows(
    columns: Sequence[pa.StringArray],
) -> tuple[list[tuple[Cell, ...]], Integers]:
    """Distinct combinations of cells, and for each row the combination that it holds."""
    inverse = np.zeros(len(columns[0]), dtype=np.int64)
    values: list[list[Cell]] = []
    codes: list[Integers] = []
    for column in columns:
        encoded = column.dictionary_encode()
        # Null is code 0.
        indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        codes.append(indices.astype(np.int64) + 1)
        values.append([None, *encoded.dictionary.to_pylist()])
        # Renumbering at every column keeps the codes below rows x values: no overflow.
        _, inverse = np.unique(inverse * len(values[-1]) + codes[-1], return_inverse=True)
    _, first = np.unique(inverse, return_index=True)
    distinct = [
        tuple(value[code[row]] for value, code in zip(values, codes, strict=True))
        for row in first.tolist()
    ]
    return distinct, inverse
