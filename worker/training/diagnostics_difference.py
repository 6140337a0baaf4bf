"""Where the two readings of a model part: y_intact - y_compose, in the label's unit."""

import numpy as np
from numpy.typing import NDArray

from service.contract.report_diagnostics import DifferenceFigures, PermutationTest
from worker.training.diagnostics_designs import ReadPart, quantiles_by_order
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_PERMUTATIONS = 500
_MOST_VALUES = 4_000_000  # of all permutations together; large data sets get fewer of them
_LEAST_DESIGNS = 5
_ROUNDING = 1e-9


def difference_figures(data: TrainingData, read: ReadPart, seed: int) -> list[DifferenceFigures]:
    """One entry a label, over designs of two edits or more; none without them."""
    place_B = np.flatnonzero(read.order_K > 1)
    if len(place_B) < _LEAST_DESIGNS:
        return []
    rng = np.random.default_rng(derived_seed(seed, "difference") % 2**32)
    found = []
    for label, readings in zip(data.labels, read.readings, strict=True):
        difference_MB = (readings.intact_MBY - readings.compose_MBY)[:, place_B]
        found.append(
            _figures(
                DifferenceFigures(
                    label=label.column.name,
                    unit=label.column.unit,
                    part=read.name,
                    design_count=len(place_B),
                    by_order=[],
                    root_mean_square=0.0,
                ),
                difference_MB,
                read.order_K[place_B],
                rng,
            )
        )
    return found


def _figures(
    empty: DifferenceFigures, difference_MB: Floats, order_B: Codes, rng: np.random.Generator
) -> DifferenceFigures:
    mean_B = difference_MB.mean(axis=0)
    of_mean = {
        "by_order": quantiles_by_order(mean_B, order_B),
        "root_mean_square": _root_mean_square(mean_B),
    }
    if len(difference_MB) < 2:
        return empty.model_copy(update=of_mean)
    sd_B = difference_MB.std(axis=0, ddof=1)
    of_members = {
        "member_sd": float(np.median(sd_B)),
        "beyond_two_sd_share": float(np.mean(np.abs(mean_B) > 2 * sd_B)),
        "agreement": agreement(difference_MB, order_B, rng),
    }
    return empty.model_copy(update=of_mean | of_members)


def _root_mean_square(value_B: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(value_B))))


def agreement(
    difference_MB: Floats, order_B: Codes, rng: np.random.Generator
) -> PermutationTest | None:
    """Size of the members' mean difference, beside members whose designs are permuted.

    Each member keeps its differences, but they belong to other designs of the same order: where
    members do not agree which designs deviate, their mean is as small as that of permuted ones.
    Members at their additive start have no differences and are left out; None with fewer than
    two others.
    """
    size_M = np.abs(difference_MB).max(axis=1)
    difference_MB = difference_MB[size_M > _ROUNDING * size_M.max()]
    if len(difference_MB) < 2 or not difference_MB.any():
        return None
    value = _root_mean_square(difference_MB.mean(axis=0))
    count = max(100, min(_PERMUTATIONS, _MOST_VALUES // difference_MB.size))
    null_R = np.array([_permuted(difference_MB, order_B, rng) for _ in range(count)])
    low, median, high = np.quantile(null_R, [0.025, 0.5, 0.975]).tolist()
    return PermutationTest(
        value=value,
        null_median=median,
        null_low=low,
        null_high=high,
        p_value=float((1 + (null_R >= value).sum()) / (1 + count)),
        permutation_count=count,
    )


def _permuted(difference_MB: Floats, order_B: Codes, rng: np.random.Generator) -> float:
    """Root mean square of the mean over members that were permuted within orders."""
    by_order = np.argsort(order_B, kind="stable")
    total_B = np.zeros(len(order_B))
    for member_B in difference_MB:
        shuffled = np.lexsort((rng.random(len(order_B)), order_B))
        total_B[by_order] += member_B[shuffled]
    return _root_mean_square(total_B / len(difference_MB))
