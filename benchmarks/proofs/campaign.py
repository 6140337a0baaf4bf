"""Campaigns played again: what would have been built, round by round, and what it would have found.

Every strategy begins with all singles measured, asks for one batch after the other from a pool of
designs that somebody measured (or computed), and is trained anew on what it has asked for so far:
nothing else of the pool is known to it, no cycle, and no label.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.proofs.fitting import Fields, Rows, fit_rows, one_member
from benchmarks.proofs.statistics import over_seeds
from benchmarks.proofs.steps import Figures, Steps
from service.contract.designs import Design

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MODELS: Mapping[str, Fields | None] = {
    "gp": one_member("gp"),
    "ridge": one_member("additive"),
    "edit frequency": one_member("edit_frequency"),
    "random": None,
}
OURS = "gp"
TOP_SHARE = 0.1
_BATCH = 20_000


@dataclass(frozen=True)
class Pool:
    """Designs [K] with what they measure, as rows to train on, and what each is worth.

    `start_S` are measured before the first round. With `least`, the second label has to be
    predicted at least so high, or a design is not asked for.
    """

    label: str
    labels: tuple[Mapping[str, Any], ...]
    designs: tuple[Design, ...]
    values: tuple[tuple[float | None, ...], ...]
    worth_K: Floats
    start_S: Codes
    guard: tuple[str, float] | None = None

    def rows(self, picked: Codes) -> Rows:
        """What was measured of some designs."""
        return Rows.of(
            self.labels, ((self.designs[k].genotype, self.values[k]) for k in picked.tolist())
        )

    def open_ones(self) -> NDArray[np.bool_]:
        """Which designs may be asked for [K]."""
        is_open_K = np.ones(len(self.designs), dtype=bool)
        is_open_K[self.start_S] = False
        return is_open_K


@dataclass(frozen=True)
class Plan:
    """How a campaign runs."""

    name: str
    unit: str
    pool: Callable[[int], Pool]
    rounds: int
    batch: int
    seeds: int
    models: Mapping[str, Fields | None]

    @property
    def step_count(self) -> int:
        """One for each strategy and seed."""
        return len(self.models) * self.seeds


def predicted(pool: Pool, picked: Codes, training: Fields, asked: Codes) -> Floats:
    """What a model trained on the designs picked so far expects of others.

    -inf where the guard is not expected to hold.
    """
    predictor = fit_rows(pool.rows(picked), training)
    names = [label.name for label in predictor.manifest.labels]
    goal, guard = names.index(pool.label), pool.guard
    parts = []
    for first in range(0, len(asked), _BATCH):
        read = predictor.readings([pool.designs[k] for k in asked[first : first + _BATCH]])
        value_B = read[goal].intact_MBY.mean(axis=0)
        if guard is not None:
            guard_B = read[names.index(guard[0])].intact_MBY.mean(axis=0)
            value_B = np.where(guard_B >= guard[1], value_B, -np.inf)
        parts.append(value_B)
    return np.concatenate(parts)


def play(pool: Pool, training: Fields | None, rounds: int, batch: int, seed: int) -> Figures:
    """One campaign: regret, and share of the pool's best tenth found, before and after each round.

    Ties are broken by a draw of the seed.
    """
    rng = np.random.default_rng(seed)
    picked, is_open_K = pool.start_S, pool.open_ones()
    best = pool.worth_K[is_open_K].max()
    is_top_K = is_open_K & (pool.worth_K >= np.quantile(pool.worth_K[is_open_K], 1 - TOP_SHARE))
    regret, found = [], []
    for turn in range(rounds + 1):
        regret.append(float(max(0.0, best - pool.worth_K[picked].max())))
        found.append(float(is_top_K[picked].sum() / is_top_K.sum()))
        asked = np.flatnonzero(is_open_K)
        if turn == rounds or not len(asked):
            break
        score_A = np.zeros(len(asked))
        if training is not None:
            score_A = np.round(predicted(pool, picked, training, asked), 9)
        order = np.lexsort((rng.random(len(asked)), -score_A))
        chosen = asked[order[:batch]]
        picked = np.concatenate([picked, chosen])
        is_open_K[chosen] = False
    return {
        "regret": regret,
        "top": found,
        "best": float(best),
        "pool": int(pool.open_ones().sum()),
    }


def _curves(played: list[Figures], name: str) -> list[dict[str, float]]:
    value_ST = np.array([figures[name] for figures in played])
    return [over_seeds(value_S) for value_S in value_ST.T]


def _against(ours: list[Figures], other: list[Figures]) -> dict[str, dict[str, float]]:
    """Mean over the rounds of the regret less that of another strategy, of the same seeds."""
    found = {}
    for name in ("regret", "top"):
        own_ST, other_ST = (np.array([f[name] for f in played]) for played in (ours, other))
        found[name] = over_seeds((own_ST - other_ST)[:, 1:].mean(axis=1))
    return found


def _play_in(pool: Callable[[], Pool], training: Fields | None, plan: Plan, seed: int) -> Figures:
    return play(pool(), training, plan.rounds, plan.batch, seed)


def run(steps: Steps, plan: Plan) -> Figures:
    """Play every strategy with every seed."""
    played: dict[str, list[Figures]] = {name: [] for name in plan.models}
    for seed in range(plan.seeds):
        pool = lru_cache(partial(plan.pool, seed))
        for name, training in plan.models.items():
            said = {"rounds": plan.rounds, "batch": plan.batch, "training": training, "seed": seed}
            one = partial(_play_in, pool, training, plan, seed)
            played[name].append(steps.figures(f"{plan.name} {name} {seed}", said, one))
    return {
        "unit": plan.unit,
        "rounds": plan.rounds,
        "batch": plan.batch,
        "seeds": plan.seeds,
        "pool": [min(f["pool"] for f in played[OURS]), max(f["pool"] for f in played[OURS])],
        "strategies": {
            name: {"regret": _curves(own, "regret"), "top": _curves(own, "top")}
            for name, own in played.items()
        },
        "against": {
            name: _against(played[OURS], own) for name, own in played.items() if name != OURS
        },
    }
