"""What intervals are calibrated on: training designs, each predicted by the member without it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.contract.latent_models import LatentModelSpec
from service.contract.manifests import IntervalCalibration
from service.contract.training import TrainingSpec, Transform
from worker.inference.intervals import Residuals, stored
from worker.inference.predictor import Predictor
from worker.training.member_parts import are_genes_unseen, member_parts
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed
from worker.training.widening import widening

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

MOST_DESIGNS = 5_000
METHOD = (
    "CV+ with signed residuals on the learned scale: every training design is predicted by the "
    "member that left it out (a network stops early on it)"
)


@dataclass(frozen=True)
class LeftOut:
    """Designs with the member that left them out, and their mean label as measured, [I] all."""

    design_I: Codes
    member_I: Codes
    learned_I: Floats


def _all_edits_known(data: TrainingData, kept_N: Flags) -> Flags:
    """Designs of which every edit is in a kept observation [K]."""
    effect_KE = data.index.matrix(data.train.designs) != 0
    kept_K = np.bincount(data.train.design_N[kept_N], minlength=len(data.train.designs)) > 0
    known_E = np.asarray(effect_KE[kept_K].sum(axis=0)).ravel() > 0
    lacking_K = effect_KE @ (~known_E).astype(np.float64)
    flags_K: Flags = np.asarray(lacking_K).ravel() == 0
    return flags_K


def left_out(data: TrainingData, spec: TrainingSpec, y: int, learned_N: Floats) -> LeftOut:
    """What the members of an ensemble left out of one label.

    References are not among them, nor are designs with an edit that the member never saw, unless
    that is what is tested. A member on its own has left out nothing, unless it is a network, which
    is stopped by a fold that it never learns from.
    """
    parts = member_parts(data.train, spec)
    is_any_edit = are_genes_unseen(spec.split)
    stops_early = isinstance(spec.model, LatentModelSpec)
    labelled_N = ~np.isnan(learned_N)
    least = max(1, data.labels[y].measure_order)
    order_K = np.array([design.order for design in data.train.designs], dtype=np.int64)
    found: list[tuple[Codes, Codes, Floats]] = []
    for member in range(spec.ensemble_size):
        kept_N = parts.fitted(member, learned_N, stops_early=stops_early) & labelled_N
        out_N = labelled_N & ~kept_N & parts.held_out_MN[member]
        usable_K = (is_any_edit | _all_edits_known(data, kept_N)) & (order_K >= least)
        design_N = data.train.design_N[out_N]
        total_K = np.bincount(design_N, weights=learned_N[out_N], minlength=len(order_K))
        count_K = np.bincount(design_N, minlength=len(order_K))
        design_I = np.flatnonzero((count_K > 0) & usable_K)
        member_I = np.full(len(design_I), member)
        found.append((design_I, member_I, total_K[design_I] / count_K[design_I]))
    return LeftOut(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _drawn(out: LeftOut, seed: int) -> LeftOut:
    if len(out.design_I) <= MOST_DESIGNS:
        return out
    rng = np.random.default_rng(derived_seed(seed, "calibration"))
    kept = np.sort(rng.choice(len(out.design_I), MOST_DESIGNS, replace=False))
    return LeftOut(out.design_I[kept], out.member_I[kept], out.learned_I[kept])


def _residuals(data: TrainingData, y: int, out: LeftOut, predictor: Predictor) -> Residuals:
    designs, place_I = np.unique(out.design_I, return_inverse=True)
    readings = predictor.readings([data.train.designs[k] for k in designs])[y].intact_MBY
    predicted_I = readings[out.member_I, place_I.reshape(-1)]
    if data.labels[y].transform is Transform.LOG:
        with np.errstate(divide="ignore"):
            predicted_I = np.log(predicted_I)
    finite_I = np.isfinite(predicted_I)
    residual_I = out.learned_I[finite_I] - predicted_I[finite_I]
    return Residuals(out.member_I[finite_I], residual_I)


def calibrate(
    data: TrainingData, spec: TrainingSpec, predictor: Predictor
) -> tuple[dict[str, Tensor], list[IntervalCalibration | None]]:
    """Arrays to store with the weights, and what to say of each label's intervals.

    None for a label without any design that a member left out: one member that is no network has
    none.
    """
    tensors: dict[str, Tensor] = {}
    said: list[IntervalCalibration | None] = []
    measured_NY = data.train.measured()
    for y in range(len(data.labels)):
        out = left_out(data, spec, y, measured_NY[:, y])
        drawn = _drawn(out, spec.seed)
        residuals = _residuals(data, y, drawn, predictor) if len(drawn.design_I) else None
        if residuals is None or not len(residuals.residual_Q):
            said.append(None)
            continue
        wide = widening(data, spec, measured_NY[:, y])
        final = Residuals(residuals.member_Q, wide.factor * residuals.residual_Q).thinned()
        tensors |= {k: torch.from_numpy(np.array(v)) for k, v in stored(y, final).items()}
        said.append(
            IntervalCalibration(
                method=METHOD,
                calibrated_on=wide.words,
                design_count=len(residuals.residual_Q),
                widened_by=wide.factor,
            )
        )
    return tensors, said
