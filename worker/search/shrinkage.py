"""The winner's curse, measured on the ensemble itself.

Half of the members rank all designs and choose the best; the other half, which had no say, reads
them. What the first half expects of its choice and the second does not is what choosing among
millions adds. Members share their data: a curse that comes from the data itself is not seen, so
that this is the least of it.

Source: Efron 2011, doi:10.1198/jasa.2011.tm11181 (selection bias); the split is Ein-Dor et al.'s
(sample splitting), here of members.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.proposals import Shrinkage
from worker.inference.predictor import Predictor
from worker.search.choice import rescored
from worker.search.parts import OrderPart
from worker.search.plan import SearchPlan

Floats = NDArray[np.float64]

_LEAST_DESIGNS = 3
CHOOSING, READING = slice(0, None, 2), slice(1, None, 2)


def shrinkage(
    plan: SearchPlan, parts: Sequence[OrderPart], predictor: Predictor
) -> tuple[Shrinkage, ...]:
    """Of each objective's label; none for a small ensemble, or too few designs."""
    if not plan.half_keep:
        return ()
    values, sets = [], []
    for part in parts:
        set_CR = part.half_best.set_KR
        values.append(rescored(plan, set_CR, predictor, CHOOSING).value_B)
        sets.append(set_CR)
    value_C = np.concatenate(values)
    best_C = np.argsort(-value_C, kind="stable")[: plan.half_keep]
    best_C = best_C[np.isfinite(value_C[best_C])]
    if len(best_C) < _LEAST_DESIGNS:
        return ()
    read = [predictor.composed(plan.pool.batch(set_CR), plan.ranking.labels) for set_CR in sets]
    names = [label.name for label in predictor.manifest.labels]
    return tuple(
        _of_label(names[y], np.concatenate([one[y] for one in read], axis=1)[:, best_C])
        for y in sorted({goal.label for goal in plan.ranking.goals})
    )


def _of_label(name: str, member_MC: Floats) -> Shrinkage:
    chosen_C, other_C = member_MC[CHOOSING].mean(axis=0), member_MC[READING].mean(axis=0)
    away_C = chosen_C - chosen_C.mean()
    spread = float(away_C @ away_C)
    slope = float(away_C @ other_C) / spread if spread > 0 else 1.0
    return Shrinkage(
        label=name,
        center=float(other_C.mean()),
        chosen_center=float(chosen_C.mean()),
        slope=min(max(slope, 0.0), 1.0),
        design_count=member_MC.shape[1],
    )


def shrunk(found: Shrinkage, mean_K: Floats) -> Floats:
    """Means less the winner's curse [K]."""
    shrunk_K: Floats = found.center + found.slope * (mean_K - found.chosen_center)
    return shrunk_K
