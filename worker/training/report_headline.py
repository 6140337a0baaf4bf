"""What there is beyond the neutral expectation, how much of it is noise, and what is explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import Headline, Interval
from service.contract.training import Transform
from worker.inference.neutral import NEUTRAL_MODEL
from worker.training.bootstrap import Resamples
from worker.training.held_out import HeldOut
from worker.training.repeats import Repeats
from worker.training.report_noise import (
    LEAST_DESIGNS,
    Noise,
    noises,
    share_above,
    variances,
    within,
)
from worker.training.report_units import original_scale

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Beyond:
    """Test designs of two edits or more, and what was measured beyond neutral (learned scale).

    `noise_R` is 0 where the noise is not known.
    """

    place_n: NDArray[np.int64]
    resamples: Resamples
    variance_R: Floats
    noise_R: Floats


def headline_of(held: HeldOut, repeats: Repeats, y: int, seed: int) -> Headline:
    """How much of the deviation from neutral is above noise, and how much of that is explained."""
    is_log = held.label.transform is Transform.LOG
    known: dict[str, Any] = {
        "scale": "log" if is_log else original_scale(held.label.column.unit),
        "neutral_model": NEUTRAL_MODEL[held.label.column.kind],
    }
    place_n = np.flatnonzero(held.orders() >= 2)
    known["design_count"] = count = len(place_n)
    resamples = Resamples.of(held.cluster_N[place_n], seed) if count else None
    if resamples is None or count < LEAST_DESIGNS:
        reason = f"{count} test designs have two edits or more, and it takes {LEAST_DESIGNS}"
        statement = f"What there is beyond the neutral expectation could not be measured: {reason}."
        return Headline(statement=statement, reason=reason, **known)
    truth_N, neutral_N = held.learned(held.truth_N), held.learned(held.neutral.expected_B)
    variance_R = variances((truth_N - neutral_N)[place_n], resamples)
    known["variance"] = float(variance_R[0])
    noise = next(iter(noises(held, repeats, y, log=is_log).values()), None)
    if noise is None:
        beyond = _Beyond(place_n, resamples, variance_R, np.zeros_like(variance_R))
        return _without_noise(held, beyond, known)
    drawn = Noise(noise.kind, noise.source, noise.spread, noise.weight_N[place_n])
    noise_R = drawn.variances(resamples, seed)
    return _with_noise(held, noise, _Beyond(place_n, resamples, variance_R, noise_R), known)


def _explained(held: HeldOut, beyond: _Beyond) -> dict[str, Floats]:
    """Share of the variance above noise that each prediction takes away, in every resample [R]."""
    above_R = beyond.variance_R - beyond.noise_R
    truth_N = held.learned(held.truth_N)
    found: dict[str, Floats] = {}
    for name, value_N in held.of_values.items():
        residual_N = truth_N - held.learned(value_N)
        taken_R = beyond.variance_R - variances(residual_N[beyond.place_n], beyond.resamples)
        found[name] = np.divide(taken_R, above_R, out=np.zeros_like(above_R), where=above_R > 0)
    return found


def _share(value: float) -> str:
    """Per cent; more than all of a variance says only that its noise is not known well."""
    return "over 100 %" if value > 1.005 else f"{100 * value:z.0f} %"


def _with_ends(value: float, ends: Interval) -> str:
    return f"{_share(value)} [{_share(ends.low)}, {_share(ends.high)}]"


def _figures(held: HeldOut, explained: Mapping[str, Floats]) -> dict[str, Any]:
    own_R = explained.get(held.best[0])  # a model may rank without a value
    return {
        "share_explained": None if own_R is None else float(own_R[0]),
        "share_explained_interval": None if own_R is None else within(own_R),
        "explained_by_predictor": {name: float(share_R[0]) for name, share_R in explained.items()},
    }


def _model_and_null(held: HeldOut, figures: Mapping[str, Any]) -> str:
    value, ends = figures["share_explained"], figures["share_explained_interval"]
    if value is None:
        own = "the model ranks designs without a value, and explains none of it"
    elif value > 0:
        own = f"the model explains {_with_ends(value, ends)} of it"
    else:
        own = f"the model explains none of it ({_with_ends(value, ends)})"
    shares = figures["explained_by_predictor"]
    of_nulls = [(shares[name], name) for name in held.nulls if name in shares]
    if not of_nulls:
        return f"{own}."
    share, name = max(of_nulls)
    return f"{own}, the best null ({name}) {_share(share)}."


def _without_noise(held: HeldOut, beyond: _Beyond, known: Mapping[str, Any]) -> Headline:
    """Without repeats: shares of all variance beyond neutral, whatever of it is noise."""
    neutral = known["neutral_model"]
    reason = "the table has no repeats and no sds, so that the noise is not known"
    if not beyond.variance_R[0] > 0:
        statement = f"Nothing was measured beyond the neutral expectation ({neutral})."
        return Headline(statement=statement, reason=reason, **known)
    figures = _figures(held, _explained(held, beyond))
    statement = (
        f"How much of the variance beyond the neutral expectation ({neutral}) is noise is not "
        "known: the table has no repeats and no sds. Noise included, "
        + _model_and_null(held, figures)
    )
    return Headline(statement=statement, reason=reason, **known, **figures)


def _verdict_on(share: Interval, designs: int) -> str:
    """What a share of 0 or less says: with few repeats, not that there is nothing."""
    if share.high <= 0:
        return "There is nothing to explain."
    return f"{designs} are too few to tell whether there is anything to explain."


def _with_noise(held: HeldOut, noise: Noise, beyond: _Beyond, known: Mapping[str, Any]) -> Headline:
    above_R = share_above(beyond.noise_R, beyond.variance_R)
    share, ends = float(above_R[0]), within(above_R)
    kind = "rebuild" if noise.kind == "across_builds" else "measurement"
    neutral = known["neutral_model"]
    figures: dict[str, Any] = {}
    if share > 0:
        figures = _figures(held, _explained(held, beyond))
        statement = (
            f"{_with_ends(share, ends)} of the variance beyond the neutral expectation ({neutral}) "
            f"is above {kind} noise; {_model_and_null(held, figures)}"
        )
    else:
        figures["reason"] = f"nothing beyond the neutral expectation is seen above {kind} noise"
        designs = noise.spread.design_count
        statement = (
            f"What there is beyond the neutral expectation ({neutral}) is not seen above {kind} "
            f"noise: {designs} repeated designs differ between repeats as much as the test designs "
            f"do from the expectation. {_verdict_on(ends, designs)}"
        )
    return Headline(
        statement=statement,
        noise_source=noise.kind,
        noise_variance=float(beyond.noise_R[0]),
        share_above_noise=share,
        share_above_noise_interval=ends,
        **known,
        **figures,
    )
