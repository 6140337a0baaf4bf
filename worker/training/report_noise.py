"""Ceilings, and what there is beyond the neutral expectation: both need the noise of measuring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import Ceiling, Headline, Interval
from service.contract.training import Transform
from worker.inference.neutral import NEUTRAL_MODEL
from worker.training.bootstrap import Resamples, interval
from worker.training.held_out import HeldOut
from worker.training.repeats import Repeats, Spread
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]
Kind = Literal["within_build", "across_builds"]

_LEAST_DESIGNS = 10
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


def _variances(value_N: Floats, resamples: Resamples) -> Floats:
    """Variance (n - 1) of values in every resample [R]."""
    n_R = resamples.sums(np.ones(len(value_N)))
    centred_N = value_N - value_N.mean()
    square_R = resamples.sums(centred_N**2) - resamples.sums(centred_N) ** 2 / n_R
    variance_R: Floats = square_R / np.maximum(n_R - 1, 1)
    return variance_R


def _share_above(noise_R: Floats, variance_R: Floats) -> Floats:
    """1 - noise / variance; 0 where nothing varies."""
    share_R = np.divide(noise_R, variance_R, out=np.ones_like(noise_R), where=variance_R > 0)
    above_R: Floats = 1 - share_R
    return above_R


def _within(value_R: Floats) -> Interval:
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
    if resamples is None or len(held) < _LEAST_DESIGNS or not np.ptp(truth_N) > 0:
        return known.model_copy(update={"reason": "too few test designs, or all alike"})
    reliable_R = _share_above(noise.variances(resamples, seed), _variances(truth_N, resamples))
    reliability = float(reliable_R[0])
    figures = {
        "reliability": reliability,
        "reliability_interval": _within(reliable_R),
        "max_pearson": float(np.sqrt(max(reliability, 0.0))),
        "max_r2": max(reliability, 0.0),
    }
    return known.model_copy(update=figures)


def ceilings_of(held: HeldOut, repeats: Repeats, y: int, seed: int) -> tuple[Ceiling, ...]:
    """Both ceilings, in the label's unit and where it is learned on the log there as well."""
    scales = [(f"original unit ({held.label.column.unit})", False, held.truth_N)]
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


@dataclass(frozen=True)
class _Beyond:
    """Test designs of two edits or more, and what was measured beyond neutral (learned scale)."""

    place_n: NDArray[np.int64]
    resamples: Resamples
    variance_R: Floats
    noise_R: Floats


def _unmeasured(held: HeldOut, scale: str, reason: str, **known: float) -> Headline:
    return Headline(
        statement=f"What there is beyond the neutral expectation could not be measured: {reason}.",
        scale=scale,
        neutral_model=NEUTRAL_MODEL[held.label.column.kind],
        reason=reason,
        **known,  # type: ignore[arg-type]
    )


def headline_of(held: HeldOut, repeats: Repeats, y: int, seed: int) -> Headline:
    """How much of the deviation from neutral is above noise, and how much of that is explained."""
    is_log = held.label.transform is Transform.LOG
    scale = "log" if is_log else f"original unit ({held.label.column.unit})"
    place_n = np.flatnonzero(held.orders() >= 2)
    count = len(place_n)
    resamples = Resamples.of(held.cluster_N[place_n], seed) if count else None
    if resamples is None or count < _LEAST_DESIGNS:
        reason = f"{count} test designs have two edits or more, and it takes {_LEAST_DESIGNS}"
        return _unmeasured(held, scale, reason, design_count=count)
    truth_N, neutral_N = held.learned(held.truth_N), held.learned(held.neutral.expected_B)
    variance_R = _variances((truth_N - neutral_N)[place_n], resamples)
    known = {"design_count": count, "variance": float(variance_R[0])}
    noise = next(iter(noises(held, repeats, y, log=is_log).values()), None)
    if noise is None:
        reason = "the table has no repeats and no sds, so that the noise is not known"
        return _unmeasured(held, scale, reason, **known)
    beyond = _Beyond(
        place_n,
        resamples,
        variance_R,
        Noise(noise.kind, noise.source, noise.spread, noise.weight_N[place_n]).variances(
            resamples, seed
        ),
    )
    return _headline(held, noise, beyond, scale)


def _explained(held: HeldOut, beyond: _Beyond, prediction_N: Floats) -> Floats:
    """Share of the variance above noise that a prediction takes away, in every resample [R]."""
    residual_N = held.learned(held.truth_N) - held.learned(prediction_N)
    left_R = _variances(residual_N[beyond.place_n], beyond.resamples)
    above_R = beyond.variance_R - beyond.noise_R
    share_R: Floats = np.divide(
        beyond.variance_R - left_R, above_R, out=np.zeros_like(above_R), where=above_R > 0
    )
    return share_R


def _percent(value: float, ends: Interval) -> str:
    return f"{value:.0%} [{ends.low:.0%}, {ends.high:.0%}]"


def _best_null(held: HeldOut, explained: Mapping[str, float | None]) -> str:
    of_nulls = [(explained[name] or 0.0, name) for name in held.nulls]
    if not of_nulls:
        return "."
    share, name = max(of_nulls)
    return f", the best null ({name}) {share:.0%}."


def _verdict_on(share: Interval, designs: int) -> str:
    """What a share of 0 or less says: with few repeats, not that there is nothing."""
    if share.high <= 0:
        return "There is nothing to explain."
    return f"{designs} are too few to tell whether there is anything to explain."


def _headline(held: HeldOut, noise: Noise, beyond: _Beyond, scale: str) -> Headline:
    above_R = _share_above(beyond.noise_R, beyond.variance_R)
    share, ends = float(above_R[0]), _within(above_R)
    kind = "rebuild" if noise.kind == "across_builds" else "measurement"
    neutral = NEUTRAL_MODEL[held.label.column.kind]
    statement = (
        f"{_percent(share, ends)} of the variance beyond the neutral expectation ({neutral}) is "
        f"above {kind} noise"
    )
    explained: dict[str, float | None] = {}
    own: Floats | None = None
    reason = None
    if share > 0:
        drawn = {name: _explained(held, beyond, v_N) for name, v_N in held.predictors.items()}
        explained = {name: float(share_R[0]) for name, share_R in drawn.items()}
        own = drawn[held.best[0]]
        statement += f"; the model explains {_percent(float(own[0]), _within(own))} of it"
        statement += _best_null(held, explained)
    else:
        reason = f"nothing beyond the neutral expectation is seen above {kind} noise"
        designs = noise.spread.design_count
        statement = (
            f"What there is beyond the neutral expectation ({neutral}) is not seen above {kind} "
            f"noise: {designs} repeated designs differ between repeats as much as the test designs "
            f"do from the expectation. {_verdict_on(ends, designs)}"
        )
    return Headline(
        statement=statement,
        scale=scale,
        neutral_model=neutral,
        noise_source=noise.kind,
        design_count=len(beyond.place_n),
        variance=float(beyond.variance_R[0]),
        noise_variance=float(beyond.noise_R[0]),
        share_above_noise=share,
        share_above_noise_interval=ends,
        share_explained=None if own is None else float(own[0]),
        share_explained_interval=None if own is None else _within(own),
        explained_by_predictor=explained,
        reason=reason,
    )
