"""What a screen has found in some of its designs, and how that is put together, exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.search.tables import Floats, Singles

MAX_RIVALS = 1 << 18


@dataclass(frozen=True)
class ScreenPart:
    """What was found in a range of outer edits. Best first, in the order of designs.

    Attributes:
        value: float32 ranks [N], of designs `edits` [N, order] in `stratum` [N]; each design as
            positions in the tables, rising.
        evaluated_count: designs that were read; with everything allowed the binomial count.
        pruned_count: designs that were not read: a bound on their rank, proven, is below what as
            many as are kept reach elsewhere.
        infeasible_count: those of them that some limit rules out.
        histogram: feasible designs by rank [bins + 2]: below, in each bin, above; or None.
        front_value: what the first two terms [F, 2] of designs `front_edits` [F, order] are at
            least that none is better than in both: falling in the first. Of equals one is kept.
        rival_value: what they are at most [R, 2], of designs `rival_edits` [R, order] that none
            of the front beats: the front in float64 is among them.
        lost_rivals: there were too many, and none is told.
        keep: how many of each stratum there was room for.
        error_bound: how far a rank in float32 may be from that in float64.
        kernel: what it was computed by.
        floor: float32 ranks [strata] that no design reaches that was pruned.
    """

    value: Singles
    edits: NDArray[np.int32]
    stratum: NDArray[np.int64]
    evaluated_count: int
    pruned_count: int
    infeasible_count: int
    histogram: NDArray[np.int64] | None
    front_value: Singles
    front_edits: NDArray[np.int32]
    rival_value: Singles
    rival_edits: NDArray[np.int32]
    lost_rivals: bool
    keep: int
    error_bound: float
    kernel: str
    floor: Singles

    def cutoff(self, stratum: int = 0) -> float:
        """What no design of the stratum is above that was left out; -inf: none was."""
        value = self.value[self.stratum == stratum]
        last = float(value[-1]) if len(value) >= self.keep > 0 else -np.inf
        return max(last, float(self.floor[stratum])) if self.pruned_count else last

    def is_exact(self, rank_N: Floats, count: int, stratum: int = 0) -> bool:
        """Whether the best `count` by float64 ranks are those of all designs.

        Args:
            rank_N: float64 ranks of `edits`; NaN or -inf for those that are infeasible.
            count: how many are asked for.
            stratum: of which stratum.
        """
        rank_N = np.sort(np.nan_to_num(rank_N[self.stratum == stratum], nan=-np.inf))[::-1]
        cutoff = self.cutoff(stratum)
        if cutoff == -np.inf:
            return True
        return len(rank_N) >= count > 0 and bool(rank_N[count - 1] > cutoff + self.error_bound)


def merge(parts: Sequence[ScreenPart]) -> ScreenPart:
    """What all parts found, of one screen; in whatever order they are given.

    Raises:
        ValueError: there are none, or they were computed by different kernels or kept as many.
    """
    if len({(part.keep, part.kernel, part.error_bound) for part in parts}) != 1:
        raise ValueError("parts to merge: some, all of one screen and by one kernel")
    value, edits, stratum = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("value", "edits", "stratum")
    )
    order = np.lexsort([*edits.T[::-1], -value, stratum])
    place_N = np.arange(len(order)) - np.searchsorted(stratum[order], stratum[order])
    best = order[place_N < parts[0].keep]
    histograms = [part.histogram for part in parts if part.histogram is not None]
    return ScreenPart(
        value=value[best],
        edits=edits[best],
        stratum=stratum[best],
        evaluated_count=sum(part.evaluated_count for part in parts),
        pruned_count=sum(part.pruned_count for part in parts),
        infeasible_count=sum(part.infeasible_count for part in parts),
        histogram=np.sum(histograms, axis=0) if histograms else None,
        **_merged_front(parts),
        keep=parts[0].keep,
        error_bound=parts[0].error_bound,
        kernel=parts[0].kernel,
        floor=parts[0].floor,
    )


def _merged_front(parts: Sequence[ScreenPart]) -> dict[str, Any]:
    """The front of all parts, and the rivals that it does not beat."""
    value_F2, edits_FO, high_R2, rivals_RO = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("front_value", "front_edits", "rival_value", "rival_edits")
    )
    front = front_places(value_F2, edits_FO)
    left = np.flatnonzero(~beaten(value_F2[front], high_R2))
    left = left[np.lexsort(rivals_RO[left].T[::-1])]
    lost = len(left) > MAX_RIVALS or any(part.lost_rivals for part in parts)
    return {
        "front_value": value_F2[front],
        "front_edits": edits_FO[front],
        "rival_value": high_R2[left[:0] if lost else left],
        "rival_edits": rivals_RO[left[:0] if lost else left],
        "lost_rivals": lost,
    }


def front_places(value_F2: Singles, edits_FO: NDArray[np.int32]) -> NDArray[np.int64]:
    """Places of designs that none is as good as in both values: falling in the first.

    Of equals it is the one with the smaller edits.
    """
    order = np.lexsort([*edits_FO.T[::-1], -value_F2[:, 1], -value_F2[:, 0]])
    second = value_F2[order, 1]
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(second)[:-1]])[: len(second)]
    front: NDArray[np.int64] = order[second > best_before]
    return front


def beaten(front_F2: Singles, value_R2: Singles) -> NDArray[np.bool_]:
    """Whether some of a front is at least as good in both values and better in one [R]."""
    count_R = np.searchsorted(-front_F2[:, 0], -value_R2[:, 0], side="right")
    if not len(front_F2):
        return np.zeros(len(value_R2), dtype=bool)
    last_R2 = front_F2[np.maximum(count_R - 1, 0)]
    is_better_R = last_R2[:, 1] > value_R2[:, 1]
    is_better_R |= (last_R2[:, 1] == value_R2[:, 1]) & (last_R2[:, 0] > value_R2[:, 0])
    beaten_R: NDArray[np.bool_] = (count_R > 0) & is_better_R
    return beaten_R
