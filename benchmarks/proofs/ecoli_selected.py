"""What was promised of the designs that a search selects, and what they are: the winner's curse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.proofs.oracle import Codes, Floats, places_of
from benchmarks.proofs.statistics import mean
from service.contract.inference import ScoreField
from service.contract.proposals import Proposal
from worker.inference.predictor import Predictor

if TYPE_CHECKING:
    from benchmarks.proofs.ecoli import Task

LEVEL = 0.9
_NORMAL = 1.6448536269514722  # of a two-sided level of 0.9
_LABELS = ("growth", "product")
_FIELDS = (ScoreField.MEAN, ScoreField.SD, ScoreField.INTERVAL)


def _truth(task: "Task", label: str) -> Floats:
    return task.growth if label == "growth" else task.product


def covered(task: "Task", predictor: Predictor, places: Codes) -> dict[str, Any]:
    """How often the truth lies in the interval, and within 1.64 sd of the mean.

    Dead strains are out where product is asked: they have none.
    """
    texts = [task.oracle.genotype(task.sets[place]) for place in places.tolist()]
    answer = predictor.score(texts, fields=_FIELDS, interval_level=LEVEL)
    found: dict[str, Any] = {}
    for label in answer.labels:
        truth_K = _truth(task, label.name)[places]
        known_K = np.isfinite(truth_K)
        orbit_K = task.orbit[places][known_K]
        mean_K, sd_K = np.array(label.mean)[known_K], np.array(label.sd)[known_K]
        error_K = mean_K - truth_K[known_K]
        found[label.name] = {
            "count": int(known_K.sum()),
            "within_sd": mean((abs(error_K) <= _NORMAL * sd_K).astype(np.float64), orbit_K),
            "error": mean(error_K, orbit_K),
        }
        if label.interval is not None:
            low_K, high_K = (
                np.array(e)[known_K] for e in (label.interval.low, label.interval.high)
            )
            inside_K = (low_K <= truth_K[known_K]) & (truth_K[known_K] <= high_K)
            found[label.name] |= {
                "in_interval": mean(inside_K.astype(np.float64), orbit_K),
                "width": float(np.mean(high_K - low_K)),
                "calibrated_on": label.interval.calibrated_on,
            }
    return found


def shrunk_errors(task: "Task", proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Mean error of product among the proposals: as composed, as checked, and as shrunk."""
    places = places_of([proposal.genotype for proposal in proposals], task.oracle)
    truth_K = task.product[places]
    known_K = np.isfinite(truth_K)
    labels = [next(y for y in p.labels if y.name == "product") for p in proposals]
    found: dict[str, Any] = {"dead": int((~known_K).sum())}
    for name in ("compose_mean", "intact_mean", "shrunk_mean"):
        values = [getattr(label, name) for label in labels]
        if known_K.any() and None not in values:
            error_K = (np.array(values, dtype=np.float64) - truth_K)[known_K]
            found[name] = mean(error_K, task.orbit[places][known_K])
    return found


def among_selected(
    task: "Task", predictor: Predictor, proposals: Sequence[Proposal]
) -> dict[str, Any]:
    """Coverage among the first proposals, and among triples drawn at random."""
    rng = np.random.default_rng(0)
    most = max(task.counts)
    anyhow = rng.choice(len(task.sets), size=min(most, len(task.sets)), replace=False)
    found: dict[str, Any] = {"anyhow": {"coverage": covered(task, predictor, anyhow)}}
    for count in task.counts:
        first = proposals[:count]
        if first:
            places = places_of([proposal.genotype for proposal in first], task.oracle)
            found[f"first {count}"] = {
                "coverage": covered(task, predictor, places),
                "errors": shrunk_errors(task, first),
            }
    return found
