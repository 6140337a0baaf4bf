"""Fitting of the additive model that neutral expectations come from."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.contract.training import Transform
from worker.inference.neutral import NEUTRAL_MODEL, is_logarithmic
from worker.models.additive import fit_ridge
from worker.training.labels import ChosenLabel
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]

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
    """One ridge regression a label over the whole training part."""
    effect_NE = data.index.matrix(data.train.designs)[data.train.design_N]
    intercept_Y = np.zeros(len(data.labels))
    weight_YE = np.zeros((len(data.labels), len(data.index)))
    for y, label in enumerate(data.labels):
        if NEUTRAL_MODEL[label.column.kind] == "zero":
            continue
        value_N = neutral_scale(label, data.train.label_NY[:, y])
        if np.isnan(value_N).all():
            continue
        fit = fit_ridge(effect_NE, value_N)
        intercept_Y[y], weight_YE[y] = fit.intercept, fit.weight_E
    return {
        "neutral.intercept_Y": torch.from_numpy(intercept_Y),
        "neutral.weight_YE": torch.from_numpy(weight_YE),
    }
