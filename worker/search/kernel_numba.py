"""The kernel where no C compiler was at hand at install: the same screen, several times slower.

Importing this imports numba. Functions are those of `kernel.c`, `readings.h` and `found.h`; parts
that a screen has not are arrays without elements.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.losses.compiled import compiled
from worker.search.kernel_arrays import CHUNK, KernelArrays
from worker.search.kernel_found import Found
from worker.search.kernel_numba_found import keep, least_kept
from worker.search.kernel_numba_front import IS_FULL, LOST, Goals, Kept, compare_with_front
from worker.search.kernel_numba_readings import Tables, read_lanes


def _some(array: NDArray[Any] | None, axes: int, dtype: type = np.float32) -> NDArray[Any]:
    return np.zeros((0,) * axes, dtype=dtype) if array is None else array


def _stacked(tables: list[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """Tables of pairs [N, R, Q]; zeros for those that are not there, none at all if all are not."""
    known = [table for table in tables if table is not None]
    if not known:
        return np.zeros((0, 0, 0), dtype=np.float32)
    return np.stack([np.zeros_like(known[0]) if table is None else table for table in tables])


class NumbaKernel:
    """Arrays of one screen, as the functions below read them."""

    designs, threads = CHUNK, None

    def __init__(self, arrays: KernelArrays) -> None:
        self._tables = Tables(
            edits=arrays.edits,
            lanes=arrays.lanes,
            layers=arrays.layers,
            is_gelu=arrays.is_gelu,
            is_folded=arrays.is_folded,
            constant=arrays.constant.reshape(arrays.members, arrays.labels),
            single=arrays.single.reshape(arrays.members, arrays.labels, -1),
            leading=arrays.leading.reshape(arrays.members, arrays.labels, -1),
            pair=_stacked(arrays.pair),
            bound=_bounds(arrays.bound),
            triple_start=_some(arrays.triple_start, 1, np.int64),
            triple_key=_some(arrays.triple_key, 1, np.int64),
            triple_value=_some(arrays.triple_value, 1),
            inner_constant=_some(arrays.inner_constant, 1),
            inner=_some(arrays.inner, 2),
            size_constant=_some(arrays.size_constant, 1),
            size=_some(arrays.size, 2),
            exponent=_some(arrays.exponent, 1),
            step=_some(arrays.step, 2),
            unit_base=_some(arrays.unit_base, 2),
            unit_edit=_some(arrays.unit_edit, 3),
            unit_block=_some(arrays.unit_block, 4),
            positive=_some(arrays.positive, 1, np.int64),
            second_base=_some(arrays.second_base, 2),
            second_weight=_some(arrays.second_weight, 3),
            output=_some(arrays.output, 3),
            spread=arrays.spread,
            center=arrays.center,
            is_log=arrays.is_log,
        )
        bins = arrays.bins
        self._goals = Goals(
            allowed=_some(arrays.allowed, 2, np.uint8),
            weight=arrays.weight,
            penalty=arrays.penalty,
            limit_label=arrays.limit_label,
            limit_sign=arrays.limit_sign,
            limit_factor=arrays.limit_factor,
            limit_least=arrays.limit_least,
            sure_sign=arrays.sure_sign,
            sure_least=arrays.sure_least,
            front_weight=_some(arrays.front_weight, 2),
            front_penalty=_some(arrays.front_penalty, 2),
            front_slack=_some(arrays.front_slack, 1),
            stratum=_some(arrays.stratum, 1, np.int64),
            strata=arrays.strata,
            bins=bins.count if bins else 0,
            bin_start=np.float32(bins.start) if bins else np.float32(0),
            bins_per_unit=np.float32(1 / bins.width) if bins else np.float32(0),
        )
        self._order = arrays.order

    def run(self, found: Found, begin: int, end: int) -> None:
        """Go through all designs whose first edit is from `begin` to `end`."""
        counts = np.array([found.front_count, found.rival_count, found.lost_rivals, 0])
        arrays = {name: getattr(found, name) for name in Kept._fields if name != "counts"}
        kept = Kept(**arrays, counts=counts)
        evaluated, infeasible = _run(self._tables, self._goals, self._order, begin, end, kept)
        found.check(2 if counts[IS_FULL] else 0)
        found.evaluated += evaluated
        found.infeasible += infeasible
        found.front_count, found.rival_count = counts[:LOST].tolist()
        found.lost_rivals = bool(counts[LOST])


def _bounds(tables: list[NDArray[np.float32] | None]) -> NDArray[np.float32]:
    """Bounds [Y, R, Q]; infinite for a label without."""
    known = [table for table in tables if table is not None]
    if not known:
        return np.zeros((0, 0, 0), dtype=np.float32)
    none = np.full_like(known[0], np.inf)
    return np.stack([none if table is None else table for table in tables])


@compiled
def _run(  # noqa: PLR0917  # of a compiled function all are positional
    t: Tables,
    g: Goals,
    order: int,
    begin: int,
    end: int,
    found: Kept,
) -> tuple[int, int]:
    """How many designs were evaluated, and how many of them are infeasible."""
    lanes, (members, labels) = t.lanes, t.constant.shape
    out = np.empty((members, labels, lanes), dtype=np.float32)
    rank, live = np.empty(lanes, dtype=np.float32), np.empty((2, lanes), dtype=np.bool_)
    mean_sd = np.empty((2, labels, lanes), dtype=np.float32)
    evaluated, infeasible = 0, 0
    for first in range(begin if order > 1 else -1, end if order > 1 else 0):
        seconds = (first + 1, t.edits - 1) if order > 2 else (-1, 0)
        for second in range(*seconds):
            if second >= 0 and len(g.allowed) and not g.allowed[first, second]:
                continue
            low = max(first, second) + 1 if order > 1 else begin
            high = t.edits if order > 1 else end
            for start in range(low // lanes * lanes, high, lanes):
                count = _find_live(g, first, second, start, low, high, live[0])
                if not count:
                    continue
                evaluated += count
                read_lanes(t, first, second, start, out)
                _rank(g, out, mean_sd, rank)
                infeasible += _judge(g, mean_sd, rank, live)
                _take(g, first, second, start, mean_sd, rank, live, found)
    return evaluated, infeasible


@compiled
def _find_live(  # noqa: PLR0917
    g: Goals, first: int, second: int, start: int, low: int, high: int, live: NDArray[np.bool_]
) -> int:
    """How many lanes are designs; `live` says which."""
    count = 0
    for k in range(len(live)):
        last = start + k
        live[k] = low <= last < high
        if live[k] and len(g.allowed):
            for other in (first, second):
                live[k] &= other < 0 or g.allowed[other, last] != 0
        count += live[k]
    return count


@compiled
def _take(  # noqa: PLR0917
    g: Goals,
    first: int,
    second: int,
    start: int,
    mean_sd: NDArray[np.float32],
    rank: NDArray[np.float32],
    live: NDArray[np.bool_],
    found: Kept,
) -> None:
    """Keep what is good enough."""
    least = -np.inf if g.bins or len(g.front_weight) else least_kept(found.value, found.filled)
    for k in range(len(rank)):
        if not live[0, k] or rank[k] < least:
            continue
        if g.bins:
            place = (rank[k] - g.bin_start) * g.bins_per_unit
            bin_number = int(min(max(place, np.float32(-1)), np.float32(g.bins)) + 1)
            found.histogram[bin_number] += 1
        edits = _edits(first, second, start + k)
        stratum = _stratum(g, first, second, start + k)
        keep(found.value, found.edit, found.filled, stratum, rank[k], edits)
        if len(g.front_weight):
            compare_with_front(g, mean_sd, k, live[1, k], found, edits)


@compiled
def _edits(first: int, second: int, last: int) -> tuple[int, int, int]:
    if first < 0:
        return last, -1, -1
    if second < 0:
        return first, last, -1
    return first, second, last


@compiled
def _stratum(g: Goals, first: int, second: int, last: int) -> int:
    if g.strata == 1:
        return 0
    total = g.stratum[last]
    for other in (first, second):
        if other >= 0:
            total += g.stratum[other]
    return int(min(total, g.strata - 1))


@compiled
def _rank(
    g: Goals, out: NDArray[np.float32], mean_sd: NDArray[np.float32], rank: NDArray[np.float32]
) -> None:
    """Means, sds and ranks over members."""
    members, labels, _ = out.shape
    rank[:] = 0
    for y in range(labels):
        mean_sd[:, y] = 0
        for m in range(members):
            mean_sd[0, y] += out[m, y]
        mean_sd[0, y] /= np.float32(members)
        if members > 1:
            for m in range(members):
                mean_sd[1, y] += (out[m, y] - mean_sd[0, y]) ** 2
            mean_sd[1, y] = np.sqrt(mean_sd[1, y] / np.float32(members - 1))
        if g.weight[y] != 0:
            rank += g.weight[y] * mean_sd[0, y]
        if g.penalty[y] != 0:  # 0 times infinity would be no number
            rank -= g.penalty[y] * mean_sd[1, y]


@compiled
def _judge(
    g: Goals, mean_sd: NDArray[np.float32], rank: NDArray[np.float32], live: NDArray[np.bool_]
) -> int:
    """Takes designs that are infeasible out of `live`, and counts them.

    `live` [2, lanes] says which are feasible, and which are whatever float32 is off.
    """
    infeasible = 0
    for k in range(len(rank)):
        is_ranked = abs(rank[k]) < np.inf
        is_feasible = is_ranked and _keeps_to(g, g.limit_sign, g.limit_least, mean_sd, k)
        infeasible += live[0, k] and not is_feasible
        live[1, k] = live[0, k] and is_ranked
        if len(g.front_weight):
            live[1, k] &= _keeps_to(g, g.sure_sign, g.sure_least, mean_sd, k)
        live[0, k] &= is_feasible
    return infeasible


@compiled
def _keeps_to(
    g: Goals,
    sign: NDArray[np.float32],
    least: NDArray[np.float32],
    mean_sd: NDArray[np.float32],
    k: int,
) -> bool:
    """Whether a design keeps to all limits."""
    for n, y in enumerate(g.limit_label):
        value = sign[n] * mean_sd[0, y, k]
        if g.limit_factor[n] != 0:
            value -= g.limit_factor[n] * mean_sd[1, y, k]
        if not value >= least[n]:
            return False
    return True
