"""Whether the intervals hold what they say, on the test designs."""

import numpy as np
from numpy.typing import NDArray

from service.contract.inference import DEFAULT_LEVEL
from service.contract.report_parts import Calibration, Coverage, Interval
from worker.inference.predictor import Predictor
from worker.training.bootstrap import interval
from worker.training.held_out import HeldOut

Floats = NDArray[np.float64]

LEVELS = (0.8, 0.9, 0.95)
_BINS = 10


def ends_of(held: HeldOut, predictor: Predictor, y: int) -> tuple[Floats, Floats] | None:
    """Ends of the test designs' intervals of 90 %."""
    return predictor.intervals.ends(y, held.readings.intact_MBY, DEFAULT_LEVEL)


def _coverage(held: HeldOut, low_N: Floats, high_N: Floats, level: float) -> Coverage:
    inside_N = ((low_N <= held.truth_N) & (held.truth_N <= high_N)).astype(np.float64)
    drawn = held.resamples
    ends = None
    if drawn is not None:
        low, high = interval(drawn.sums(inside_N) / drawn.sums(np.ones(len(held))))
        ends = Interval(low=low, high=high)
    return Coverage(
        level=level,
        coverage=float(inside_N.mean()),
        coverage_interval=ends,
        mean_width=float(np.mean(high_N - low_N)),
        design_count=len(held),
    )


def _distance_from_uniform(share_N: Floats) -> float:
    """The greatest distance of two distribution functions (Kolmogorov and Smirnov)."""
    sorted_N, count = np.sort(share_N), len(share_N)
    upper = float((np.arange(1, count + 1) / count - sorted_N).max())
    return max(upper, float((sorted_N - np.arange(count) / count).max()))


def calibration_of(held: HeldOut, predictor: Predictor, y: int) -> Calibration | None:
    """Coverage and PIT; None for a label without calibration, or without test designs."""
    known = predictor.manifest.labels[y].interval
    share_N = predictor.intervals.below(y, held.readings.intact_MBY, held.truth_N)
    if known is None or share_N is None or not len(held):
        return None
    found = [(p, predictor.intervals.ends(y, held.readings.intact_MBY, p)) for p in LEVELS]
    return Calibration(
        method=known.method,
        calibrated_on=known.calibrated_on,
        calibration_design_count=known.design_count,
        coverages=tuple(_coverage(held, *ends, p) for p, ends in found if ends is not None),
        pit_counts=tuple(np.histogram(share_N, _BINS, (0.0, 1.0))[0].tolist()),
        pit_distance=_distance_from_uniform(share_N),
    )
