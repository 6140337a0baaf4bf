"""Loci that complete the most worth of designs: greedy by worth for the cost, then swaps.

A design counts once all its loci are there, so that single loci may be worth nothing and pairs
much: greedy adds what a design lacks as a whole. Source: greedy ratio for the budgeted maximum
coverage problem, Khuller, Moss and Naor 1999, doi:10.1016/S0020-0190(99)00031-9; without its
guarantee here, because coverage by whole sets is not submodular.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_CANDIDATES = 200
_FREE = 1e-9  # what costs nothing comes first
_SWAPS = 200
_SWAP_WORK = 2e10  # cells read: some 20 seconds
_GAIN = 1e-12


def choose_loci(
    needs_DL: Flags,
    worth_D: Floats,
    cost_L: Floats,
    *,
    owned: Sequence[int],
    size: int,
    budget: float | None,
    poll: Callable[[], None] = lambda: None,
) -> list[int]:
    """Places of at most `size` loci beside those owned, in the order chosen.

    Args:
        needs_DL: which loci each design has.
        worth_D: worth of each design, 0 or more.
        cost_L: cost of each locus.
        owned: loci that are there already.
        size: most loci to choose.
        budget: most that they may cost; None sets no bound.
        poll: called before every step; what it raises ends the choice.
    """
    most = np.inf if budget is None else budget
    inside_L = np.zeros(needs_DL.shape[1], dtype=bool)
    inside_L[list(owned)] = True
    chosen: list[int] = []
    while True:
        poll()
        room = (size - len(chosen), most - cost_L[chosen].sum())
        added = _best_addition(needs_DL & ~inside_L, worth_D, cost_L, room)
        if not added:
            break
        chosen += added
        inside_L[added] = True
    most_swaps = int(_SWAP_WORK / (needs_DL.size * max(len(chosen), 1) + 1))
    for _ in range(min(_SWAPS, most_swaps)):
        poll()
        left = most - cost_L[chosen].sum()
        fits_OL = (cost_L <= left + cost_L[chosen][:, None]) & ~inside_L
        swap = _best_swap(needs_DL, worth_D, inside_L, chosen, fits_OL)
        if swap is None:
            break
        out, new = swap
        inside_L[chosen[out]], inside_L[new] = False, True
        chosen[out] = new
    return chosen


def _best_addition(
    missing_DL: Flags, worth_D: Floats, cost_L: Floats, room: tuple[int, float]
) -> list[int]:
    """What one design lacks, such that completing it, and others with it, is worth most."""
    lacks_D = missing_DL.sum(axis=1)
    cost_D = missing_DL @ cost_L
    fits_D = (lacks_D > 0) & (lacks_D <= room[0]) & (cost_D <= room[1]) & (worth_D > 0)
    if not fits_D.any():
        return []
    ratio_D = np.where(fits_D, worth_D / (cost_D + _FREE), -np.inf)
    best = np.argsort(-ratio_D, kind="stable")[:_CANDIDATES]
    best = best[fits_D[best]]
    # Of zeros and ones nothing is invalid; kernels of small matrices raise the flag at times.
    with np.errstate(invalid="ignore"):
        shared_CD = missing_DL[best].astype(np.float32) @ missing_DL.T.astype(np.float32)
    completes_CD = (shared_CD == lacks_D) & (lacks_D > 0)
    gain_C = (completes_CD @ worth_D) / (cost_D[best] + _FREE)
    added: list[int] = np.flatnonzero(missing_DL[best[int(np.argmax(gain_C))]]).tolist()
    return added


def _best_swap(
    needs_DL: Flags, worth_D: Floats, inside_L: Flags, chosen: Sequence[int], fits_OL: Flags
) -> tuple[int, int] | None:
    """Which of the chosen to give for which other locus that fits; None where no swap gains."""
    lacks_D = (needs_DL & ~inside_L).sum(axis=1)
    best, found = _GAIN * worth_D.sum(), None
    for out, locus in enumerate(chosen):
        lost = worth_D[(lacks_D == 0) & needs_DL[:, locus]].sum()
        one_short_D = np.where(lacks_D + needs_DL[:, locus] == 1, worth_D, 0.0)
        gain_L = np.where(fits_OL[out], one_short_D @ needs_DL - lost, -np.inf)
        new = int(np.argmax(gain_L))
        if gain_L[new] > best:
            best, found = gain_L[new], (out, new)
    return found
