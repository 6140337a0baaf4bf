"""Panels as integer programs: the best there is, or how far from it the best found may be.

Loci: maximize the sum of worth_d x_d with x_d <= y_l for every locus l of design d; parents: that
of saved_c z_cd less cost_c y_c with z_cd <= y_c and sum_c z_cd <= 1. The y are 0 or 1, at most
`size` of them beside those owned, and cost at most the budget; x and z are then whole anyway. What
greedy and swaps have found has to be reached, so that less is not looked for.

Source: HiGHS, Huangfu and Hall 2018, doi:10.1007/s12532-017-0130-5, through scipy.optimize.milp;
parents are the uncapacitated facility location problem (Cornuejols, Fisher and Nemhauser 1977,
doi:10.1287/mnsc.23.8.789).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from worker.search.panel_parents import Parents

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

MAX_LINKS = 1_000_000  # of a design to a locus or parent: more take gigabytes
_OPTIMAL = 0
_POLL_SECONDS = 0.2
_SLACK = 1e-9  # relative, of what has to be reached


@dataclass(frozen=True)
class Limits:
    """What a panel may hold beside what is owned, and how long it may take."""

    owned: Sequence[int]
    size: int
    budget: float | None
    seconds: float
    poll: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Programmed:
    """Places chosen beside those owned, None if nothing better than greedy was found in time.

    No panel is better than `bound`; None where the program was too large to be tried, or for long
    enough.
    """

    chosen: list[int] | None
    bound: float | None


def program_loci(
    needs_DL: Flags, worth_D: Floats, cost_L: Floats, limits: Limits, least: float
) -> Programmed:
    """Loci that complete the most worth, where panels of a worth of `least` are known."""
    lacks_DL = needs_DL.copy()
    lacks_DL[:, list(limits.owned)] = False
    free = float(worth_D[~lacks_DL.any(axis=1)].sum())
    most = np.inf if limits.budget is None else limits.budget
    fits_D = (lacks_DL.sum(axis=1) <= limits.size) & (lacks_DL @ cost_L <= most)
    used_D = fits_D & lacks_DL.any(axis=1) & (worth_D > 0)
    if not used_D.any():
        return Programmed([], free)
    rows_DL, same_D = np.unique(lacks_DL[used_D], axis=0, return_inverse=True)
    gain_D: Floats = np.bincount(same_D.reshape(-1), weights=worth_D[used_D]).astype(np.float64)
    design_N, locus_N = np.nonzero(rows_DL)
    count = rows_DL.shape[1]
    program = _Program(
        cost_C=cost_L,
        gain_C=np.zeros(count),
        gain_N=gain_D,
        below_N=np.stack([design_N, locus_N]),
        once=None,
    )
    return _solved(program, limits, free, least)


def program_parents(parents: Parents, limits: Limits, least: float) -> Programmed:
    """Parents that save the most, where panels that save `least` are known."""
    if not len(parents.genotypes):
        return Programmed([], 0.0)
    links = len(parents.link_design_N)
    program = _Program(
        cost_C=parents.cost_C,
        gain_C=-parents.cost_C,
        gain_N=parents.cost_C[parents.link_candidate_N],
        below_N=np.stack([np.arange(links), parents.link_candidate_N]),
        once=parents.link_design_N,
    )
    return _solved(program, limits, 0.0, least)


@dataclass(frozen=True)
class _Program:
    """Gains of candidates and of what they serve [N]; `below_N` are pairs (n, c): n needs c.

    Of all n with one number in `once` one is served; None: each by itself.
    """

    cost_C: Floats
    gain_C: Floats
    gain_N: Floats
    below_N: Places
    once: Places | None


def _solved(program: _Program, limits: Limits, free: float, least: float) -> Programmed:
    if program.below_N.shape[1] > MAX_LINKS:
        return Programmed(None, None)
    candidates, served = len(program.cost_C), len(program.gain_N)
    is_new_C = np.ones(candidates)
    is_new_C[list(limits.owned)] = 0.0
    gain = np.concatenate([program.gain_C * is_new_C, program.gain_N])
    scale = float(np.abs(gain).max()) or 1.0
    none = np.zeros(served)
    reached = (least - free) / scale - _SLACK * (1.0 + abs(least) / scale)
    constraints = [
        *_serving(program),
        LinearConstraint(np.concatenate([is_new_C, none])[None], -np.inf, limits.size),
        LinearConstraint(gain[None] / scale, reached, np.inf),
    ]
    if limits.budget is not None:
        cost = np.concatenate([program.cost_C * is_new_C, none])
        constraints.append(LinearConstraint(cost[None], -np.inf, limits.budget))
    result = _run(
        c=-gain / scale,
        constraints=constraints,
        integrality=np.concatenate([np.ones(candidates), none]),
        bounds=Bounds(np.concatenate([1.0 - is_new_C, none]), 1.0),
        options={"time_limit": limits.seconds, "mip_rel_gap": 0.0},
        poll=limits.poll,
    )
    return _read(result, candidates, limits, free, scale)


def _serving(program: _Program) -> list[LinearConstraint]:
    """What is served needs its candidates, and is served once."""
    links, candidates, served = program.below_N.shape[1], len(program.cost_C), len(program.gain_N)
    row_N = np.tile(np.arange(links), 2)
    column_N = np.concatenate([candidates + program.below_N[0], program.below_N[1]])
    below = coo_array(
        (np.repeat([1.0, -1.0], links), (row_N, column_N)), shape=(links, candidates + served)
    )
    found = [LinearConstraint(below.tocsr(), -np.inf, 0.0)]
    if program.once is not None:
        once = coo_array(
            (np.ones(served), (program.once, candidates + np.arange(served))),
            shape=(int(program.once.max()) + 1, candidates + served),
        )
        found.append(LinearConstraint(once.tocsr(), -np.inf, 1.0))
    return found


def _read(
    result: Any,  # noqa: ANN401  # OptimizeResult has no types
    candidates: int,
    limits: Limits,
    free: float,
    scale: float,
) -> Programmed:
    chosen = None
    if result.x is not None:
        owned = set(limits.owned)
        chosen = [i for i in np.flatnonzero(result.x[:candidates] > 0.5).tolist() if i not in owned]
    bound = getattr(result, "mip_dual_bound", None)
    if result.status == _OPTIMAL:
        bound = result.fun
    if bound is None or not np.isfinite(bound):
        return Programmed(chosen, None)
    return Programmed(chosen, free - float(bound) * scale)


def _run(*, poll: Callable[[], None], **program: Any) -> Any:  # noqa: ANN401  # as scipy takes it
    """Solve in a thread, and poll meanwhile: what `poll` raises leaves it to its time limit."""
    found: list[Any] = []
    failed: list[Exception] = []

    def solve() -> None:
        try:
            found.append(milp(**program))
        except Exception as error:  # noqa: BLE001  # raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=solve, name="panel-program", daemon=True)
    thread.start()
    while thread.is_alive():
        poll()
        thread.join(_POLL_SECONDS)
    if failed:
        raise failed[0]
    return found[0]
