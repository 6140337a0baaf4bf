"""The oracle: trained on the wild type, singles and doubles, every triple is looked at.

Nothing was chosen by looking at triples: ours is the default of the program for designs, with all
its defaults, and everything else is a null.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.proofs.ecoli_selected import among_selected
from benchmarks.proofs.ecoli_strategies import by_strategy
from benchmarks.proofs.fitting import Fields, Rows, fit_rows, one_member
from benchmarks.proofs.oracle import FILE, Codes, Floats, Oracle, places_of
from benchmarks.proofs.statistics import Interval, around, mean, mean_of_clusters, share_found
from benchmarks.proofs.steps import Arrays, Figures, Steps
from service.contract.designs import Design, parse_genotype
from service.contract.search import Feasibility, Objective, SearchSpec
from worker.inference.predictor import Predictor
from worker.search.run import search

OURS, COMPOSED = "perturbation_set", "perturbation_set, y_compose"
MODELS: Mapping[str, Fields] = {
    OURS: {"model": {"kind": "perturbation_set"}, "ensemble_size": 5},
    "additive": one_member("additive"),
    "multiplicative": one_member("multiplicative", floor=0.01),
    "pairwise": one_member("pairwise"),
    "minimum of pairs": one_member("pairwise", rule="min"),
}
RANDOM = "random"
STEP_COUNT = 2 * len(MODELS)
# Networks that differ in their seed alone. An ensemble with every default takes many minutes: how
# long these are trained was chosen by the time that it takes, and by nothing else.
SEEDS = (0, 1, 2, 3, 4)
SHORT: Fields = {"ensemble_size": 1, "batch_size": 256, "epochs": 30}
SEEDS_STEP_COUNT = 2 * (len(MODELS) + len(SEEDS) - 1)

GAP = 0.05
LEAST_GROWTH = 0.5
COUNTS = (100, 1000)
TOP = 100
_BATCH = 20_000


@dataclass(frozen=True)
class Task:
    """The oracle, and what is looked for among its triples."""

    oracle: Oracle
    models: Mapping[str, Fields]
    counts: tuple[int, ...] = COUNTS
    top: int = TOP
    seeds: tuple[int, ...] = (0,)
    is_looked_into: bool = True

    @cached_property
    def rows(self) -> Rows:
        """What is trained on."""
        return self.oracle.lower()

    @cached_property
    def sets(self) -> Codes:
        """Genes of the triples [T, 3]."""
        return self.oracle.sets(3)

    @cached_property
    def designs(self) -> list[Design]:
        """The triples."""
        return [parse_genotype(self.oracle.genotype(row)) for row in self.sets]

    @cached_property
    def growth(self) -> Floats:
        """Of the triples [T]."""
        return self.oracle.growth_D[self.oracle.of_order(3)]

    @cached_property
    def product(self) -> Floats:
        """Of the triples [T]; NaN where dead."""
        return self.oracle.product_D[self.oracle.of_order(3)]

    @cached_property
    def least(self) -> Floats:
        """Least growth of their pairs [T]."""
        return self.oracle.least_of_pairs(self.sets)

    @cached_property
    def orbit(self) -> Codes:
        """What the bootstrap draws [T]: designs that no single or double tells apart are one."""
        return self.oracle.orbit(self.sets)

    @cached_property
    def gaps(self) -> Codes:
        """Triples that differ from the least of their pairs."""
        return np.flatnonzero(abs(self.growth - self.least) > GAP)

    @cached_property
    def best(self) -> Codes:
        """Triples of highest product among those that grow, and ties with the last of them."""
        product_T = np.where(self.growth >= LEAST_GROWTH, np.nan_to_num(self.product), -np.inf)
        last = np.sort(product_T)[::-1][self.top - 1]
        return np.flatnonzero(product_T >= last)


def read_all(task: Task, predictor: Predictor) -> Arrays:
    """Mean growth of every triple in both readings."""
    parts: list[tuple[Floats, Floats]] = []
    for first in range(0, len(task.designs), _BATCH):
        growth, _ = predictor.readings(task.designs[first : first + _BATCH])
        parts.append((growth.compose_MBY.mean(axis=0), growth.intact_MBY.mean(axis=0)))
    compose_T, intact_T = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {"compose": compose_T, "intact": intact_T}


def spec_of(task: Task) -> SearchSpec:
    """The search for product among triples that grow."""
    return SearchSpec(
        model_id="proof",
        objectives=(Objective(label="product"),),
        feasibility=(Feasibility(label="growth", at_least=LEAST_GROWTH),),
        min_order=3,
        max_order=3,
        proposal_count=max(task.counts),
    )


def _searched(task: Task, predictor: Predictor, *, is_looked_into: bool) -> Figures:
    spec, found = spec_of(task), {}
    if is_looked_into:
        (report, proposals), found["strategies"] = by_strategy(spec, predictor, task.counts)
        found["selected"] = among_selected(task, predictor, proposals)
    else:
        report, proposals = search(spec, predictor)
    texts = [proposal.genotype for proposal in proposals]
    return found | {
        "report": report.model_dump(mode="json"),
        "places": places_of(texts, task.oracle).tolist() if texts else [],
    }


def _gap_score(task: Task, growth_T: Floats) -> Floats:
    """By how much a prediction lies below the least of the measured pairs; nothing is below 0."""
    return task.least - np.maximum(growth_T, 0.0)


def _error(task: Task, growth_T: Floats) -> float:
    """Root mean square of what a prediction of growth is off; nothing is below 0."""
    return float(np.sqrt(np.mean((np.maximum(growth_T, 0.0) - task.growth) ** 2)))


Found = dict[str, Floats]


def found_gaps(task: Task, score_T: Floats) -> Found:
    """How surely each gap is among the first k, by k."""
    return {str(k): share_found(score_T, k)[task.gaps] for k in task.counts}


def found_best(task: Task, places: Sequence[int]) -> Found:
    """Which of the truly best are among the first k proposals, by k."""
    is_found_KT = np.zeros((len(task.counts), len(task.sets)))
    for row, k in enumerate(task.counts):
        is_found_KT[row, list(places[:k])] = 1.0
    return {str(k): is_found_KT[row, task.best] for row, k in enumerate(task.counts)}


def proposed(task: Task, places: Sequence[int]) -> dict[str, Interval]:
    """What the first proposals truly are."""
    first = np.array(places[: task.top], dtype=np.int64)
    if not len(first):
        return {}
    grows_K = (task.growth[first] >= LEAST_GROWTH).astype(np.float64)
    product_K = np.nan_to_num(task.product[first]) * grows_K
    return {
        "truly_grow": mean(grows_K, task.orbit[first]),
        "mean_product": mean(product_K, task.orbit[first]),
    }


def graded(found: Mapping[str, Sequence[Found]], cluster_P: Codes) -> dict[str, Any]:
    """Recall of every ranking by k, and how much that of ours lies above each other.

    `found` has one entry an ensemble, or one alone where a ranking has no seed. Figures of several
    ensembles are their median, in an interval that holds the intervals of all; `each` has them one
    by one. In `clusters` every cluster counts once.
    """
    return {k: _graded_at(k, found, cluster_P) for k in found[OURS][0]}


def _graded_at(k: str, found: Mapping[str, Sequence[Found]], cluster_P: Codes) -> dict[str, Any]:
    recall = {name: [mean(one[k], cluster_P) for one in own] for name, own in found.items()}
    above = {
        name: [
            mean(ours[k] - other[k], cluster_P)
            for ours, other in zip(found[OURS], cycle(own), strict=False)
        ]
        for name, own in found.items()
        if name != OURS
    }
    return {
        "recall": {name: around(each) for name, each in recall.items()},
        "above": {name: around(each) for name, each in above.items()},
        "each": {"recall": recall, "above": above},
        "clusters": {
            name: around([mean_of_clusters(one[k], cluster_P) for one in own])
            for name, own in found.items()
        },
    }


class _Trained:
    """A model that is trained when it is first asked for."""

    def __init__(self, task: Task, name: str, seed: int) -> None:
        self._fit = lru_cache(lambda: fit_rows(task.rows, task.models[name], seed=seed))
        self._task = task
        self._is_looked_into = name == OURS and task.is_looked_into

    def read(self) -> Arrays:
        return read_all(self._task, self._fit())

    def searched(self) -> Figures:
        return _searched(self._task, self._fit(), is_looked_into=self._is_looked_into)


def run(steps: Steps, task: Task | None = None) -> Figures:
    """All figures of this proof."""
    own = task or Task(Oracle.read(), MODELS)
    data = {"oracle": FILE.stat().st_size, "genes": len(own.oracle.genes)}
    gaps: dict[str, list[Found]] = defaultdict(list)
    best: dict[str, list[Found]] = defaultdict(list)
    told: dict[str, Any] = {}
    error: dict[str, list[float]] = defaultdict(list)
    for name, seed in ((n, s) for n in own.models for s in own.seeds[: None if n == OURS else 1]):
        said = {**data, "training": dict(own.models[name]), "seed": seed}
        model = _Trained(own, name, seed)
        read = steps.arrays(f"growth by {name}", said, model.read)
        found = steps.figures(f"product by {name}", said, model.searched)
        gaps[name].append(found_gaps(own, _gap_score(own, read["intact"])))
        error[name].append(_error(own, read["intact"]))
        if name == OURS:
            error[COMPOSED].append(_error(own, read["compose"]))
            gaps[COMPOSED].append(found_gaps(own, _gap_score(own, read["compose"])))
        best[name].append(found_best(own, found["places"]))
        if name not in told:
            told[name] = proposed(own, found["places"]) | {"report": found["report"]}
            told[name] |= {key: found[key] for key in ("selected", "strategies") if key in found}
    even_T = np.zeros(len(own.sets))
    gaps[RANDOM].append(found_gaps(own, even_T))
    best[RANDOM].append({str(k): share_found(even_T, k)[own.best] for k in own.counts})
    return _counts(own) | {
        "gap": graded(gaps, own.orbit[own.gaps]),
        "product": graded(best, own.orbit[own.best]),
        "error": dict(error),
        "models": told,
    }


def over_seeds(steps: Steps) -> Figures:
    """Ours and its nulls again, with ensembles of several seeds, each trained briefly."""
    models = {**MODELS, OURS: {**MODELS[OURS], **SHORT}}
    return run(steps, Task(Oracle.read(), models, seeds=SEEDS, is_looked_into=False))


def _counts(own: Task) -> dict[str, Any]:
    return {
        "seeds": list(own.seeds),
        "triples": len(own.sets),
        "trained_on": len(own.rows.lines),
        "gaps": len(own.gaps),
        "gap_orbits": len(np.unique(own.orbit[own.gaps])),
        "gap_orbit_sizes": np.sort(np.unique(own.orbit[own.gaps], return_counts=True)[1])[
            ::-1
        ].tolist(),
        "best": len(own.best),
        "best_orbits": len(np.unique(own.orbit[own.best])),
        "growing": int((own.growth >= LEAST_GROWTH).sum()),
        "best_product": float(own.product[own.best].max()),
        "mean_best_product": float(own.product[own.best].mean()),
    }
