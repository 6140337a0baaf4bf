"""What a screen looks for as the arrays of float32 that kernels read: ranks, limits, the front."""

from typing import Any

import numpy as np

from worker.search.kernel_errors import LabelErrors
from worker.search.kernel_objective import ScreenObjective
from worker.search.tables import Floats, Singles


def _singles(array: Floats) -> Singles:
    return np.ascontiguousarray(array, dtype=np.float32)


def objective_arrays(objective: ScreenObjective, errors: LabelErrors) -> dict[str, Any]:
    """Factors of ranks, limits and front.

    Those of logarithmic labels are raised by what float32 may be off, so that no rank is below the
    exact one.
    """
    weight_TY, penalty_TY = np.zeros((2, len(objective.terms), len(errors.absolute_Y)))
    for t, term in enumerate(objective.terms):
        weight_TY[t, term.label] = term.weight
        penalty_TY[t, term.label] = term.penalty
    weight_Y, penalty_Y = weight_TY.sum(axis=0), penalty_TY.sum(axis=0)
    used_Y = (weight_Y != 0) | (penalty_Y != 0)
    return {
        "weight": _singles(weight_Y + errors.rise(weight_Y, penalty_Y)),
        "penalty": _singles(penalty_Y),
        **_limit_arrays(objective, errors),
        **_front_arrays(objective, errors, weight_TY[:2], penalty_TY[:2]),
        "rank_error": errors.of(weight_Y, penalty_Y),
        "largest_rank": float(np.abs(weight_Y[used_Y]) @ errors.largest_Y[used_Y]),
    }


def _limit_arrays(objective: ScreenObjective, errors: LabelErrors) -> dict[str, Any]:
    """Limits, loosened so that no feasible design is lost, and those that are surely kept."""
    sides = [(limit, *side) for limit in objective.limits for side in limit.sides]
    sign_LY, factor_LY = np.zeros((2, len(sides), len(errors.absolute_Y)))
    for row, (limit, sign, _) in enumerate(sides):
        sign_LY[row, limit.label], factor_LY[row, limit.label] = sign, limit.factor
    pairs = list(zip(sign_LY, factor_LY, strict=True))
    rise_L = np.array([errors.rise(*pair).sum() for pair in pairs])
    slack_L = np.array([errors.of(*pair) for pair in pairs])
    least_L = np.array([least for _, _, least in sides])
    sign_L = sign_LY.sum(axis=1)
    return {
        "limit_label": np.array([limit.label for limit, _, _ in sides], dtype=np.int64),
        "limit_sign": _singles(sign_L + rise_L),
        "limit_factor": _singles(factor_LY.sum(axis=1)),
        "limit_least": _singles(least_L - slack_L),
        "sure_sign": _singles(sign_L - rise_L),
        "sure_least": _singles(least_L + slack_L),
    }


def _front_arrays(
    objective: ScreenObjective, errors: LabelErrors, weight_2Y: Floats, penalty_2Y: Floats
) -> dict[str, Any]:
    """Factors [4, Y] of what the two values of a front are at least, and at most."""
    names = ("front_weight", "front_penalty", "front_slack")
    if not objective.has_front:
        return dict.fromkeys(names)
    sides = list(zip(weight_2Y, penalty_2Y, strict=True))
    rise_2Y = np.stack([errors.rise(*side) for side in sides])
    slack_2 = np.array([errors.of(*side) for side in sides])
    arrays = (
        np.concatenate([weight_2Y - rise_2Y, weight_2Y + rise_2Y]),
        np.concatenate([penalty_2Y, penalty_2Y]),
        np.concatenate([-slack_2, slack_2]),
    )
    return dict(zip(names, map(_singles, arrays), strict=True))
