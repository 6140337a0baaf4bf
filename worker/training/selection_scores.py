"""What candidates score on the inner folds, and which of them is taken.

The standard error of a difference to the best is that of a grouped jackknife: design groups are
cut into at most 50 blocks, and both candidates lose a block at a time, so that what all
candidates find hard cancels. Source: Efron and Stein 1981, doi:10.1214/aos/1176345462 (variance by
the jackknife); Busing, Meijer and van der Leeden 1999, doi:10.1023/A:1008800423698 (of groups).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.training.metrics import spearman
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

BLOCKS = 50
LEAST_GROUPS = 10
_FEWEST_RANKED = 3


@dataclass(frozen=True)
class FoldAnswers:
    """One fold: standardised labels [K, Y], the group of each design, predictions by candidate."""

    truth_KY: Floats
    group_K: Codes
    predicted: Mapping[str, Floats]


@dataclass(frozen=True)
class Comparison:
    """Scores by candidate; how far each is behind the best, with its standard error."""

    best: str
    score: Mapping[str, float]
    behind: Mapping[str, float]
    standard_error: Mapping[str, float]


def compare(
    folds: Sequence[FoldAnswers], kinds: Sequence[str], criterion: str, seed: int
) -> Comparison | None:
    """Compare candidates on the same designs; None where nothing can be ranked."""
    whole = {kind: score_of(folds, kind, criterion) for kind in kinds}
    known = {kind: value for kind, value in whole.items() if value is not None}
    if not known:
        return None
    sign = 1.0 if criterion == "spearman" else -1.0
    best = max(known, key=lambda kind: sign * known[kind])
    left: dict[str, list[float]] = {kind: [] for kind in known}
    for block in _blocks(folds, seed):
        part = _without(folds, block)
        for kind, values in left.items():
            values.append(_score(part, kind, criterion))
    left_B = {kind: np.array(values) for kind, values in left.items()}
    return Comparison(
        best=best,
        score=known,
        behind={kind: sign * (known[best] - value) for kind, value in known.items()},
        standard_error={kind: _jackknife(left_B[best] - left_B[kind]) for kind in known},
    )


def _jackknife(difference_B: Floats) -> float:
    finite_B = difference_B[np.isfinite(difference_B)]
    count = len(finite_B)
    if count < 2:
        return math.inf
    return float(np.sqrt((count - 1) / count * ((finite_B - finite_B.mean()) ** 2).sum()))


def group_count(folds: Sequence[FoldAnswers]) -> int:
    """How many design groups the folds ask for."""
    groups = [fold.group_K for fold in folds]
    return len(np.unique(np.concatenate(groups))) if groups else 0


def _blocks(folds: Sequence[FoldAnswers], seed: int) -> list[Codes]:
    groups = np.unique(np.concatenate([fold.group_K for fold in folds]))
    shuffled = np.random.default_rng(derived_seed(seed, "blocks")).permutation(groups)
    return np.array_split(shuffled, min(BLOCKS, len(groups)))


def _without(folds: Sequence[FoldAnswers], block: Codes) -> list[FoldAnswers]:
    parts = []
    for fold in folds:
        kept_K = ~np.isin(fold.group_K, block)
        predicted = {kind: value_KY[kept_K] for kind, value_KY in fold.predicted.items()}
        parts.append(FoldAnswers(fold.truth_KY[kept_K], fold.group_K[kept_K], predicted))
    return parts


def score_of(folds: Sequence[FoldAnswers], kind: str, criterion: str) -> float | None:
    """Mean over labels of the mean over folds, weighted by their designs; None without any.

    A constant prediction ranks nothing: its Spearman counts as 0. A fold in which a label does not
    vary, or that has fewer than 3 of its designs, says nothing about that label.
    """
    by_label = []
    for y in range(folds[0].truth_KY.shape[1] if folds else 0):
        pairs = [_label_score(fold.predicted[kind], fold.truth_KY, y, criterion) for fold in folds]
        told = [(value, weight) for value, weight in pairs if weight]
        if told:
            by_label.append(float(np.average([v for v, _ in told], weights=[w for _, w in told])))
    return float(np.mean(by_label)) if by_label else None


def _score(folds: Sequence[FoldAnswers], kind: str, criterion: str) -> float:
    value = score_of(folds, kind, criterion)
    return math.nan if value is None else value


def _label_score(
    predicted_KY: Floats, truth_KY: Floats, y: int, criterion: str
) -> tuple[float, int]:
    """Score and weight; a weight of 0 is no score."""
    present_K = ~np.isnan(truth_KY[:, y])
    truth_K, predicted_K = truth_KY[present_K, y], predicted_KY[present_K, y]
    count = len(truth_K)
    if criterion == "mse":
        return (float(np.mean((predicted_K - truth_K) ** 2)), count) if count else (0.0, 0)
    if count < _FEWEST_RANKED or np.ptp(truth_K) == 0:
        return 0.0, 0
    return spearman(predicted_K, truth_K) or 0.0, count


def simplest_of(comparison: Comparison, kinds: Sequence[str]) -> str:
    """The first of `kinds` that is at most one standard error behind the best."""
    return next(
        kind
        for kind in kinds
        if kind == comparison.best
        or (kind in comparison.score and comparison.behind[kind] <= comparison.standard_error[kind])
    )
