"""What the best designs reach at least, found among a few edits: `worker/search/kernel_pruning.py`.

The edits are those that are best by themselves, then beside the best design that these have made,
and again. Every design of some hundred of them is read: what as many as are kept of these reach,
those of all edits do. The same wherever it is found, so that shards prune the same designs.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from worker.search.kernel_arrays import KernelArrays, Strata, kernel_arrays
from worker.search.kernel_objective import ScreenObjective
from worker.search.kernel_parts import ScreenPart
from worker.search.kernel_pruning import Pruning, pruning_arrays
from worker.search.separable import MOST_TERMS
from worker.search.tables import Floats, ScreenTables, SizeTables, UnitTables

Places = NDArray[np.int64]

_FIRST = 64  # edits that the first designs are made of
_ROUNDS = 2
_SPARE = 200  # designs that are read for one that is kept
_SAMPLE = 300_000  # designs that tell how many a bound leaves
# What reading a design takes, in terms of all its units: one by itself, and one of all.
_READ_ONE, _READ_ALL = 150, 8


@dataclass(frozen=True)
class Asked:
    """What a screen is asked of its edits: see `Screener`."""

    tables: ScreenTables
    objective: ScreenObjective
    allowed_EE: NDArray[np.bool_] | None = None
    strata: Strata | None = None

    def of(self, rows: Places) -> "Asked":
        """The same of some of the edits."""
        allowed_EE, strata = self.allowed_EE, self.strata
        return Asked(
            _of_some(self.tables, rows),
            self.objective,
            None if allowed_EE is None else allowed_EE[np.ix_(rows, rows)],
            None if strata is None else Strata(strata.of_edit_E[rows], strata.count),
        )

    def beside(self, rest_R: Places) -> "Asked":
        """Of one more edit beside some, as the order of the tables reads them; without limits."""
        return Asked(_beside(self.tables, rest_R), replace(self.objective, limits=()))


# Reads every design: what is asked, and how many of the best are kept.
Screen = Callable[[Asked, int], ScreenPart]


def find_pruning(
    asked: Asked,
    arrays: KernelArrays,
    keep: int,
    *,
    screen: Screen,
    share_left: Callable[[KernelArrays], float],
    is_wanted: bool,
) -> Pruning | None:
    """What designs have to reach, with as many terms as take the least time.

    Args:
        asked: of all edits, with units in whole vectors.
        arrays: of the same.
        keep: how many of the best are kept in each stratum.
        screen: reads designs without pruning.
        share_left: how many a bound leaves of the designs of some arrays.
        is_wanted: prune where it does not pay, too.

    Returns:
        None where it does not pay, or where nothing is known to be reached.
    """
    floor_S = Floor(asked, screen).ranks(keep, arrays.strata)
    if not np.isfinite(floor_S).any():
        return None
    some = asked.of(_sample_rows(asked.tables))
    sample = kernel_arrays(
        some.tables, some.objective, allowed_EE=some.allowed_EE, strata=some.strata
    )

    def left(terms: int) -> float:
        pruning = pruning_arrays(some.tables, some.objective, sample, terms=terms, floor_S=floor_S)
        return share_left(replace(sample, pruning=pruning))

    terms = choose_terms(left) or (1 if is_wanted else None)
    if terms is None:
        return None
    return pruning_arrays(asked.tables, asked.objective, arrays, terms=terms, floor_S=floor_S)


@dataclass(frozen=True)
class Floor:
    """Finds it, with a kernel that prunes nothing."""

    asked: Asked
    screen: Screen

    def ranks(self, keep: int, strata: int) -> Floats:
        """Ranks [strata] that `keep` designs of each reach; -inf where fewer were found."""
        order, edits = self.asked.tables.order, self.asked.tables.edit_count
        chosen = self._best_beside(np.zeros((1, 0), dtype=np.int64))[:_FIRST]
        for _ in range(_ROUNDS):
            found = self._read(chosen, 1)
            if not len(found.edits):
                break
            best_O = np.sort(chosen)[found.edits[0]]
            rest_OR = np.stack([np.delete(best_O, place) for place in range(order)])
            chosen = self._best_beside(rest_OR)[: _edits_for(_SPARE * keep * strata, order, edits)]
        part = self._read(chosen, keep)
        return np.array([part.cutoff(stratum) for stratum in range(strata)])

    def _read(self, chosen: Places, keep: int) -> ScreenPart:
        return self.screen(self.asked.of(np.sort(chosen)), keep)

    def _best_beside(self, rest_NR: Places) -> Places:
        """All edits, from the best: by the highest rank beside one of some sets of others."""
        best_E = np.full(self.asked.tables.edit_count, -np.inf)
        for rest_R in rest_NR:
            part = self.screen(self.asked.beside(rest_R), len(best_E))
            place_N = part.edits[:, 0]
            best_E[place_N] = np.maximum(best_E[place_N], part.value)
        return np.argsort(-best_E, kind="stable")


def _edits_for(designs: int, order: int, most: int) -> int:
    """As few edits as make so many designs."""
    count = order
    while count < most and comb(count, order) < designs:
        count += 1
    return count


def _sample_rows(tables: ScreenTables) -> Places:
    """Edits far apart, for designs like all others."""
    count = _edits_for(_SAMPLE, tables.order, tables.edit_count)
    return np.unique(np.linspace(0, tables.edit_count - 1, count).astype(np.int64))


def choose_terms(share_left: Callable[[int], float]) -> int | None:
    """Terms of a unit that take the least time, None where pruning does not pay.

    `share_left` tells how many designs a bound with so many terms leaves.
    """
    cost = {}
    for terms in range(1, MOST_TERMS + 1):
        cost[terms] = terms + min(_READ_ONE * share_left(terms), _READ_ALL)
        if cost[terms] <= terms + 1:
            break
    best = min(cost, key=cost.__getitem__)
    return best if cost[best] < _READ_ALL else None


def _of_some(tables: ScreenTables, rows: Places) -> ScreenTables:
    """Tables of some of the edits, without bounds of whole triples."""
    sizes, units = tables.sizes, tables.units
    return replace(
        tables,
        single_MYE=tables.single_MYE[:, :, rows],
        pair={key: pair_EE[np.ix_(rows, rows)] for key, pair_EE in tables.pair.items()},
        bound={
            y: np.ascontiguousarray(
                bound_RE[:, rows] if len(bound_RE) == 1 else bound_RE[rows][:, rows]
            )
            for y, bound_RE in tables.bound.items()
        },
        sizes=None if sizes is None else _sizes_of(sizes, rows),
        units=None if units is None else replace(units, edit_MEH=units.edit_MEH[:, rows]),
    )


def _sizes_of(sizes: SizeTables, rows: Places) -> SizeTables:
    return replace(sizes, inner_MYE=sizes.inner_MYE[:, :, rows], size_ME=sizes.size_ME[:, rows])


def _beside(tables: ScreenTables, rest_R: Places) -> ScreenTables:
    """Tables of one edit beside some others, as the order of `tables` reads them; no bounds."""
    sizes, units = tables.sizes, tables.units
    outside_MY = tables.outside_MY + tables.single_MYE[:, :, rest_R].sum(axis=2)
    single_MYE = tables.single_MYE.copy()
    for (m, y), pair_EE in tables.pair.items():
        outside_MY[m, y] += np.triu(pair_EE[np.ix_(rest_R, rest_R)], 1).sum()
        single_MYE[m, y] += pair_EE[rest_R].sum(axis=0)
    return replace(
        tables,
        order=1,
        outside_MY=outside_MY,
        single_MYE=single_MYE,
        pair={},
        bound={},
        triple={},
        sizes=None if sizes is None else _sizes_beside(sizes, rest_R),
        units=None if units is None else _units_beside(units, rest_R),
    )


def _sizes_beside(sizes: SizeTables, rest_R: Places) -> SizeTables:
    return replace(
        sizes,
        inner_MY=sizes.inner_MY + sizes.inner_MYE[:, :, rest_R].sum(axis=2),
        size_M=sizes.size_M + sizes.size_ME[:, rest_R].sum(axis=1),
    )


def _units_beside(units: UnitTables, rest_R: Places) -> UnitTables:
    return replace(units, base_MH=units.base_MH + units.edit_MEH[:, rest_R].sum(axis=1))
