"""The table of a label: every predictor's figures with their intervals, and paired differences."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import (
    HeldOutGroup,
    Interval,
    NullDifference,
    PredictorRow,
    Top,
)
from worker.training.bootstrap import Resamples, interval, paired_difference, spearmans
from worker.training.bootstrap import weighted_spearman as weighted
from worker.training.bootstrap_figures import sorted_figures
from worker.training.held_out import Group, HeldOut
from worker.training.metrics import average_precision, metric_row, precision_at, spearman
from worker.training.report_units import quantity

Floats = NDArray[np.float64]
ByPredictor = Mapping[str, Floats]

_LEAST_OF_GROUP = 5
_LEAST_FOR_TOP = 20
_TOP_SHARE = 0.1
_LEAST_K = 10
_OF_VALUES = ("rmse", "mae", "r2", "wasserstein")


@dataclass(frozen=True)
class Resampled:
    """Figures of every predictor in every resample [R]; empty with too few gene sets."""

    spearman: ByPredictor
    within_groups: ByPredictor
    pearson: ByPredictor
    figures: Mapping[str, ByPredictor]


def _ratio(top_R: Floats, bottom_R: Floats) -> Floats:
    return np.divide(top_R, bottom_R, out=np.zeros_like(top_R), where=bottom_R > 0)


def _pearson(prediction_N: Floats, truth_N: Floats, resamples: Resamples) -> Floats:
    a_N, b_N = prediction_N - prediction_N.mean(), truth_N - truth_N.mean()
    scale = float(np.abs(prediction_N).max(initial=0.0))
    if scale == 0 or float(np.abs(a_N).max()) <= 1e-12 * scale:
        return np.zeros(len(resamples.count_RC))
    n_R = resamples.sums(np.ones(len(a_N)))
    a_R, b_R = resamples.sums(a_N) / n_R, resamples.sums(b_N) / n_R
    covariance_R = resamples.sums(a_N * b_N) / n_R - a_R * b_R
    spread_R = (resamples.sums(a_N**2) / n_R - a_R**2) * (resamples.sums(b_N**2) / n_R - b_R**2)
    return _ratio(covariance_R, np.sqrt(np.maximum(spread_R, 0.0)))


def _of_errors(prediction_N: Floats, truth_N: Floats, resamples: Resamples) -> dict[str, Floats]:
    error_N, centred_N = prediction_N - truth_N, truth_N - truth_N.mean()
    n_R = resamples.sums(np.ones(len(error_N)))
    square_R = resamples.sums(error_N**2) / n_R
    variance_R = resamples.sums(centred_N**2) / n_R - (resamples.sums(centred_N) / n_R) ** 2
    return {
        "rmse": np.sqrt(square_R),
        "mae": resamples.sums(np.abs(error_N)) / n_R,
        "r2": 1.0 - _ratio(square_R, variance_R),
    }


def _counted(held: HeldOut) -> list[Group]:
    return [group for group in held.groups if len(group.place_n) >= _LEAST_OF_GROUP]


def _within_groups(held: HeldOut, resamples: Resamples) -> dict[str, Floats]:
    groups = _counted(held)
    if not groups:
        return {}
    found: dict[str, list[Floats]] = {name: [] for name in held.predictors}
    for weight_RN in resamples.chunks():
        totals = [weight_RN[:, group.place_n].sum(axis=1) for group in groups]
        whole_R = np.maximum(np.sum(totals, axis=0), 1e-300)
        for name, value_N in held.predictors.items():
            parts = [
                total_R * weighted(value_N[g.place_n], g.truth_n, weight_RN[:, g.place_n])
                for g, total_R in zip(groups, totals, strict=True)
            ]
            found[name].append(np.sum(parts, axis=0) / whole_R)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _good(held: HeldOut, top: Top | None) -> NDArray[np.bool_] | None:
    return None if top is None else held.truth_N >= top.threshold


def resampled(held: HeldOut, top: Top | None) -> Resampled:
    """All figures in all resamples."""
    draws = held.resamples
    if draws is None:
        return Resampled({}, {}, {}, {})
    predictors = held.predictors
    k = 1 if top is None else top.k
    in_order = sorted_figures(predictors, held.truth_N, _good(held, top), k, draws)
    return Resampled(
        spearman=spearmans(predictors, held.truth_N, draws),
        within_groups=_within_groups(held, draws),
        pearson={k: _pearson(v_N, held.truth_N, draws) for k, v_N in predictors.items()},
        figures={
            name: _of_errors(value_N, held.truth_N, draws) | in_order[name]
            for name, value_N in predictors.items()
        },
    )


def _within(held: HeldOut, prediction_N: Floats) -> float | None:
    """Mean of the correlations within groups, weighted by their designs; a constant has none."""
    found = [
        (len(group.place_n), spearman(prediction_N[group.place_n], group.truth_n))
        for group in _counted(held)
    ]
    known = [(count, rho) for count, rho in found if rho is not None]
    if not known:
        return None
    return sum(count * rho for count, rho in known) / sum(count for count, _ in known)


def groups_of(held: HeldOut) -> tuple[HeldOutGroup, ...]:
    """The groups of a label with the model's correlation within each."""
    return tuple(_group(held, group) for group in held.groups)


def _group(held: HeldOut, group: Group) -> HeldOutGroup:
    """One group; its interval is of resamples of all designs, of which it has a varying number."""
    value_n = held.best[1][group.place_n]
    rho = spearman(value_n, group.truth_n)
    is_counted = len(group.place_n) >= _LEAST_OF_GROUP
    rho_R = None
    if held.resamples is not None and is_counted and rho is not None:
        weights = (weight_RN[:, group.place_n] for weight_RN in held.resamples.chunks())
        rho_R = np.concatenate(
            [weighted(value_n, group.truth_n, weight_Rn) for weight_Rn in weights]
        )
    return HeldOutGroup(
        column=group.column,
        value=group.value,
        design_count=len(group.place_n),
        is_counted=is_counted,
        spearman=rho,
        spearman_interval=_interval(rho_R),
    )


def top_of(held: HeldOut) -> Top | None:
    """The top decile of the measured values; None with fewer than 20 designs, or without a top."""
    count = len(held)
    if count < _LEAST_FOR_TOP:
        return None
    wanted = max(1, round(_TOP_SHARE * count))
    threshold = float(np.partition(held.truth_N, count - wanted)[count - wanted])
    good = int((held.truth_N >= threshold).sum())
    if good == count:
        return None
    k = max(_LEAST_K, wanted)
    least = quantity(f"{threshold:.4g}", held.label.column.unit)
    ties = " and their equals" if good > wanted else ""
    return Top(
        statement=(
            f"good: measured at or above {least}, {good:,} of the {count:,} test designs (the "
            f"highest tenth{ties}); precision@{k} looks at the {k:,} highest predictions; a random "
            f"order has {good / count:.3f} in both"
        ),
        threshold=threshold,
        k=k,
        positive_count=good,
        base_rate=good / count,
    )


def _interval(value_R: Floats | None) -> Interval | None:
    if value_R is None or not np.isfinite(value_R[1:]).any():
        return None
    low, high = interval(value_R)
    return Interval(low=low, high=high)


def table_of(held: HeldOut, drawn: Resampled, top: Top | None) -> tuple[PredictorRow, ...]:
    """One row a predictor."""
    return tuple(_row(held, name, value_N, drawn, top) for name, value_N in held.predictors.items())


def _row(
    held: HeldOut, name: str, value_N: Floats, drawn: Resampled, top: Top | None
) -> PredictorRow:
    """Figures, each with its interval; a constant prediction orders nothing."""
    figures = metric_row(value_N, held.truth_N)
    figures["spearman_within_groups"] = _within(held, value_N)
    if name not in held.of_values:
        figures |= dict.fromkeys(_OF_VALUES)
    good_N = _good(held, top)
    if top is not None and good_N is not None and figures["spearman"] is not None:
        figures["average_precision"] = average_precision(value_N, good_N)
        figures["precision_at_k"] = precision_at(value_N, good_N, top.k)
    resamples = {
        "spearman": drawn.spearman.get(name),
        "pearson": drawn.pearson.get(name),
        "spearman_within_groups": drawn.within_groups.get(name),
        **drawn.figures.get(name, {}),
    }
    intervals = {
        f"{figure}_interval": _interval(value_R)
        for figure, value_R in resamples.items()
        if figures.get(figure) is not None
    }
    role = "model" if name in held.models else "null"
    return PredictorRow.model_validate({"predictor": name, "role": role, **figures, **intervals})


def differences(held: HeldOut, of_predictor: ByPredictor) -> tuple[NullDifference, ...]:
    """The model's first reading less every null; a constant prediction counts as 0."""
    if not of_predictor:
        return ()
    model_R = of_predictor[held.best[0]]
    found = {name: paired_difference(model_R, of_predictor[name]) for name in held.nulls}
    return tuple(
        NullDifference(null=name, difference=value, low=low, high=high)
        for name, (value, low, high) in found.items()
    )
