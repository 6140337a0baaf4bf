"""What neutral expectations come from: measured lower orders, and a fitted additive model."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.contract.training import Transform
from worker.inference.measured import MeasuredSingles
from worker.inference.neutral import NEUTRAL_MODEL, is_logarithmic
from worker.models.additive import fit_ridge
from worker.training.labels import ChosenLabel
from worker.training.observations import Part
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# A dead strain has fitness 0 and no logarithm: it counts as this share of the median.
_FLOOR_SHARE = 0.01


def neutral_scale(label: ChosenLabel, learned_N: Floats) -> Floats:
    """Training labels on the scale on which independent effects add up.

    On the log scale, values below the detection limit count as the limit, and without a limit
    those below 1 % of the median of the positive ones count as that.
    """
    neutral = NEUTRAL_MODEL[label.column.kind]
    is_log = label.transform is Transform.LOG
    if not is_logarithmic(neutral, label.column.scale, label.transform):
        return np.exp(learned_N) if is_log else learned_N
    if is_log:
        return learned_N
    positive_N = learned_N[learned_N > 0]
    if not len(positive_N):
        return np.full_like(learned_N, np.nan)
    floor = label.column.detection_limit or 0.0
    if floor <= 0:
        floor = _FLOOR_SHARE * float(np.median(positive_N))
    return np.log(np.maximum(learned_N, floor))


def fit_neutral(data: TrainingData) -> dict[str, Tensor]:
    """What neutral expectations are computed from, of the training part alone.

    Both the fit and the measured values come from the same observations: replicates averaged as
    for training, less the offsets of their batches, on the neutral scale.
    """
    columns = [_neutral_column(label, data, y) for y, label in enumerate(data.labels)]
    neutral = replace(data.train, label_NY=np.stack(columns, axis=1))
    arrays = _fitted(data, neutral.label_NY) | _measured(data, neutral).arrays()
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _neutral_column(label: ChosenLabel, data: TrainingData, y: int) -> Floats:
    value_N = data.train.label_NY[:, y]
    if NEUTRAL_MODEL[label.column.kind] == "zero":
        return np.full_like(value_N, np.nan)
    return neutral_scale(label, value_N)


def _fitted(data: TrainingData, value_NY: Floats) -> dict[str, NDArray[Any]]:
    """One ridge regression a label; 0 where nothing is to be fitted."""
    effect_NE = data.index.matrix(data.train.designs)[data.train.design_N]
    intercept_Y = np.zeros(len(data.labels))
    weight_YE = np.zeros((len(data.labels), len(data.vocabulary)))
    for y, value_N in enumerate(value_NY.T):
        if np.isnan(value_N).all():
            continue
        fit = fit_ridge(effect_NE, value_N)
        intercept_Y[y], weight_YE[y, : len(data.index)] = fit.intercept, fit.weight_E
    return {"neutral.intercept_Y": intercept_Y, "neutral.weight_YE": weight_YE}


def _measured(data: TrainingData, neutral: Part) -> MeasuredSingles:
    """The reference and the single edits that were measured: means over their observations."""
    order_K = np.array([design.order for design in neutral.designs], dtype=np.int64)
    mean_KY = _against_references(neutral, order_K[neutral.design_N] == 0).design_means()
    single_K = np.flatnonzero((order_K == 1) & ~np.isnan(mean_KY).all(axis=1))
    singles = [neutral.designs[k] for k in single_K]
    edits = [design.edits[0] for design in singles]
    reference_KY = mean_KY[order_K == 0]  # a table holds a design once
    return MeasuredSingles(
        edit_S=data.index.encode(singles).edit_BP.numpy()[:, 0] - 1,
        level_S=np.array([np.nan if e.level is None else e.level for e in edits], dtype=np.float64),
        reference_Y=reference_KY[0] if len(reference_KY) else np.full(len(data.labels), np.nan),
        single_YS=np.ascontiguousarray(mean_KY[single_K].T),
    )


def _against_references(part: Part, is_reference_N: Flags) -> Part:
    """Each observation as far from the mean of all references as it is from those of its batch.

    An estimated offset is shrunken: where singles fill a batch of their own, what is left of it
    would come back once for every edit of a design. References that were measured in the same
    batch show what the batch is, and in the difference the offset cancels. A batch without a
    reference has its estimated offset alone.
    """
    batch_N = _batch_codes(part.batch_NC)
    label_NY = part.label_NY.copy()
    for value_N in label_NY.T:
        known_N = is_reference_N & ~np.isnan(value_N)
        if not known_N.any():
            continue
        count_U = np.bincount(batch_N[known_N], minlength=len(part))
        total_U = np.bincount(batch_N[known_N], weights=value_N[known_N], minlength=len(part))
        overall = float(value_N[known_N].mean())
        own_U = np.where(count_U > 0, total_U / np.maximum(count_U, 1), overall)
        value_N -= own_U[batch_N] - overall  # a view: it changes label_NY
    return replace(part, label_NY=label_NY)


def _batch_codes(batch_NC: Codes) -> Codes:
    """Which batch each observation is of; one that does not say so is in a batch of its own."""
    alone_N = np.where((batch_NC < 0).any(axis=1), np.arange(len(batch_NC)) + 1, 0)
    key_NK = np.concatenate([alone_N[:, None], batch_NC], axis=1)
    codes: Codes = np.unique(key_NK, axis=0, return_inverse=True)[1].reshape(-1)
    return codes
