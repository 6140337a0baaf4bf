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

from benchmarks.proofs.campaign_sheet import sheet_picks
from benchmarks.proofs.fitting import Fields, Rows, fit_rows, one_member
from benchmarks.proofs.statistics import over_seeds
from benchmarks.proofs.steps import Figures, Steps
from service.contract.designs import Design
from worker.inference.predictor import Predictor

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# Small, for time: a campaign trains it anew every round. Nothing of it was chosen by a campaign.
_NETWORK: Fields = {
    "model": {"kind": "perturbation_set", "latent_dim": 16, "hidden_dim": 32},
    "loss": {"terms": [{"name": "mse"}]},
    "epochs": 40,
    "patience_epochs": 40,
    "ensemble_size": 3,
}
_GP: Fields = {"model": {"kind": "gp"}, "ensemble_size": 5}


@dataclass(frozen=True)
class Arm:
    """How a strategy is trained, and how it fills a batch.

    Without `sheet` (fields of an order sheet) it asks for the highest means; without `training` by
    lot. `seeds` bounds how many of the plan's it is played with.
    """

    training: Fields | None
    sheet: Fields | None = None
    seeds: int | None = None


def _sheets(training: Fields, name: str, kinds: Mapping[str, str]) -> dict[str, Arm]:
    return {
        f"{name}, {said}": Arm(training, {"acquisition": kind}, FEW_SEEDS)
        for said, kind in kinds.items()
    }


OURS, SHEET = "gp", "perturbation_set, EI"
NETWORK = "perturbation_set"
FEW_SEEDS = 6  # of strategies that take long
NULLS: Mapping[str, Arm] = {
    "ridge": Arm(one_member("additive")),
    "edit frequency": Arm(one_member("edit_frequency")),
    "random": Arm(None),
}
SHEETS: Mapping[str, Arm] = {
    **_sheets(_GP, OURS, {"EI": "expected_improvement"}),
    **_sheets(
        _NETWORK,
        NETWORK,
        {"EI": "expected_improvement", "UCB": "upper_confidence_bound", "Thompson": "thompson"},
    ),
}
ARMS: Mapping[str, Arm] = {
    OURS: Arm(one_member("gp")),
    **NULLS,
    NETWORK: Arm(_NETWORK, seeds=FEW_SEEDS),
    **SHEETS,
}
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
    arms: Mapping[str, Arm]

    def seeds_of(self, arm: Arm) -> int:
        """How many seeds a strategy is played with."""
        return self.seeds if arm.seeds is None else min(arm.seeds, self.seeds)

    @property
    def step_count(self) -> int:
        """One for each strategy and seed."""
        return sum(self.seeds_of(arm) for arm in self.arms.values())


def predicted(pool: Pool, predictor: Predictor, asked: Codes) -> Floats:
    """What a model expects of some designs; -inf where the guard is not expected to hold."""
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


def ask(
    pool: Pool, picked: Codes, asked: Codes, arm: Arm, *, batch: int, rng: np.random.Generator
) -> Codes:
    """Which of the designs that may be asked for are, by what was picked so far; ties by lot."""
    tie_A = rng.random(len(asked))
    score_A = np.zeros(len(asked))
    if arm.training is not None:
        predictor = fit_rows(pool.rows(picked), arm.training)
        score_A = np.round(predicted(pool, predictor, asked), 9)
        if arm.sheet is not None:
            seed = int(rng.integers(2**31))
            candidates = asked[np.isfinite(score_A)]
            chosen = sheet_picks(
                pool, picked, candidates, predictor, arm.sheet, rows=batch, seed=seed
            )
            score_A[np.isin(asked, chosen)] = np.inf
    return asked[np.lexsort((tie_A, -score_A))[:batch]]


def play(pool: Pool, arm: Arm, rounds: int, batch: int, seed: int) -> Figures:
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
        chosen = ask(pool, picked, asked, arm, batch=batch, rng=rng)
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
    common = min(len(ours), len(other))
    for name in ("regret", "top"):
        own_ST, other_ST = (
            np.array([f[name] for f in played[:common]]) for played in (ours, other)
        )
        found[name] = over_seeds((own_ST - other_ST)[:, 1:].mean(axis=1))
    return found


def _play_in(pool: Callable[[], Pool], arm: Arm, plan: Plan, seed: int) -> Figures:
    return play(pool(), arm, plan.rounds, plan.batch, seed)


def run(steps: Steps, plan: Plan) -> Figures:
    """Play every strategy with its seeds."""
    played: dict[str, list[Figures]] = {name: [] for name in plan.arms}
    for seed in range(plan.seeds):
        pool = lru_cache(partial(plan.pool, seed))
        for name, arm in plan.arms.items():
            if seed >= plan.seeds_of(arm):
                continue
            said = {"rounds": plan.rounds, "batch": plan.batch, "seed": seed, "sheet": arm.sheet}
            said["training"] = arm.training
            one = partial(_play_in, pool, arm, plan, seed)
            played[name].append(steps.figures(f"{plan.name} {name} {seed}", said, one))
    return {
        "unit": plan.unit,
        "rounds": plan.rounds,
        "batch": plan.batch,
        "seeds": plan.seeds,
        "pool": [min(f["pool"] for f in played[OURS]), max(f["pool"] for f in played[OURS])],
        "strategies": {
            name: {
                "regret": _curves(own, "regret"),
                "top": _curves(own, "top"),
                "seeds": len(own),
            }
            for name, own in played.items()
        },
        "against": {
            ours: {
                name: _against(played[ours], own) for name, own in played.items() if name != ours
            }
            for ours in played
            if ours not in NULLS
        },
    }
