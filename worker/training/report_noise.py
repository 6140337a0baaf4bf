"""The noise of measuring, and the ceilings that it sets."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import Ceiling, Interval
from service.contract.training import Transform
from worker.training.bootstrap import Resamples, interval
from worker.training.held_out import HeldOut
from worker.training.repeats import Repeats, Spread
from worker.training.report_units import original_scale
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]
Kind = Literal["within_build", "across_builds"]

LEAST_DESIGNS = 10
_WORDS: dict[Kind, str] = {
    "within_build": "rows of one build (the error of measuring)",
    "across_builds": "builds of one design (building anew, batches and the error of measuring)",
}


@dataclass(frozen=True)
class Noise:
    """Error of the measured means: variance of a repeat, and its share in each design's mean."""

    kind: Kind
    source: str
    spread: Spread
    weight_N: Floats

    def variances(self, resamples: Resamples, seed: int) -> Floats:
        """Mean error variance of the designs in every resample; repeats are drawn, too [R]."""
        used = self.spread.freedom_C > 0
        own = Resamples.of(np.arange(int(used.sum())), derived_seed(seed, "repeats"))
        rows = len(resamples.count_RC)
        repeat_R = np.full(rows, self.spread.variance)
        if own is not None:
            square_R = own.sums(self.spread.square_C[used])
            drawn_R = square_R / own.sums(self.spread.freedom_C[used])
            repeat_R = np.r_[drawn_R[0], np.resize(drawn_R[1:], rows - 1)]
        mean_R = resamples.sums(self.weight_N) / resamples.sums(np.ones(len(self.weight_N)))
        noise_R: Floats = repeat_R * mean_R
        return noise_R


def noises(held: HeldOut, repeats: Repeats, y: int, *, log: bool) -> dict[Kind, Noise]:
    """What is known of the noise, by its kind."""
    found: dict[Kind, Noise] = {}
    across = repeats.across_builds(y, log=log)
    if across is not None:
        words = _WORDS["across_builds"]
        found["across_builds"] = Noise("across_builds", words, across, held.build_weight_N)
    within, words = repeats.within_builds(y, log=log), _WORDS["within_build"]
    if within is None or within.variance == 0:  # equal to the last digit: copies, no repeats
        within, words = repeats.given_sds(y, log=log), "the uploaded sds of the rows"
    if within is not None:
        found["within_build"] = Noise("within_build", words, within, held.row_weight_N)
    return found


def variances(value_N: Floats, resamples: Resamples) -> Floats:
    """Variance (n - 1) of values in every resample [R]."""
    n_R = resamples.sums(np.ones(len(value_N)))
    centred_N = value_N - value_N.mean()
    square_R = resamples.sums(centred_N**2) - resamples.sums(centred_N) ** 2 / n_R
    variance_R: Floats = square_R / np.maximum(n_R - 1, 1)
    return variance_R


def share_above(noise_R: Floats, variance_R: Floats) -> Floats:
    """1 - noise / variance; 0 where nothing varies."""
    share_R = np.divide(noise_R, variance_R, out=np.ones_like(noise_R), where=variance_R > 0)
    above_R: Floats = 1 - share_R
    return above_R


def within(value_R: Floats) -> Interval:
    """Where a figure lies in 95 % of the resamples."""
    low, high = interval(value_R)
    return Interval(low=low, high=high)


def _no_ceiling(kind: Kind, scale: str) -> Ceiling:
    what = "build has two rows" if kind == "within_build" else "design has two builds"
    return Ceiling(
        kind=kind,
        scale=scale,
        statement=f"noise from {_WORDS[kind]}",
        reason=f"no {what} in the table that differ",
    )


def _ceiling(noise: Noise, scale: str, held: HeldOut, truth_N: Floats, seed: int) -> Ceiling:
    known = Ceiling(
        kind=noise.kind,
        scale=scale,
        statement=f"noise from {noise.source}",
        design_count=noise.spread.design_count,
        repeat_count=noise.spread.repeat_count,
        error_sd=float(np.sqrt(noise.spread.variance)),
    )
    resamples = held.resamples
    if resamples is None or len(held) < LEAST_DESIGNS or not np.ptp(truth_N) > 0:
        return known.model_copy(update={"reason": "too few test designs, or all alike"})
    reliable_R = share_above(noise.variances(resamples, seed), variances(truth_N, resamples))
    reliability = float(reliable_R[0])
    figures = {
        "reliability": reliability,
        "reliability_interval": within(reliable_R),
        "max_pearson": float(np.sqrt(max(reliability, 0.0))),
        "max_r2": max(reliability, 0.0),
    }
    return known.model_copy(update=figures)


def ceilings_of(held: HeldOut, repeats: Repeats, y: int, seed: int) -> tuple[Ceiling, ...]:
    """Both ceilings, in the label's unit and where it is learned on the log there as well."""
    scales = [(original_scale(held.label.column.unit), False, held.truth_N)]
    if held.label.transform is Transform.LOG:
        scales.append(("log", True, held.learned(held.truth_N)))
    found: list[Ceiling] = []
    for scale, log, truth_N in scales:
        known = noises(held, repeats, y, log=log)
        found += [
            _ceiling(known[kind], scale, held, truth_N, seed)
            if kind in known
            else _no_ceiling(kind, scale)
            for kind in _WORDS
        ]
    return tuple(found)
