"""What independence of the edits would give, in a label's unit.

The parts come from an additive ridge model of the training labels on the label's neutral scale:

* multiplicative (fitness): effects multiply, that is, they add up on the log scale;
* additive (titer, rate, yield): effects add up on the label's scale (log where that is its scale);
* min (viability): the design is as good as its worst edit alone;
* zero (interaction scores): there is nothing but the interaction.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.datasets import LabelKind
from service.contract.manifests import ManifestLabel, NeutralModel
from service.contract.training import Transform
from worker.models.encoding import DesignBatch

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEUTRAL_MODEL: dict[LabelKind, NeutralModel] = {
    LabelKind.FITNESS: "multiplicative",
    LabelKind.INTERACTION: "zero",
    LabelKind.TITER: "additive",
    LabelKind.RATE: "additive",
    LabelKind.YIELD: "additive",
    LabelKind.VIABILITY: "min",
}


def is_logarithmic(neutral: NeutralModel, scale: str, transform: Transform) -> bool:
    """Whether effects add up on the log of the label."""
    if neutral == "multiplicative":
        return True
    return neutral == "additive" and (scale == "log" or transform is Transform.LOG)


def _one(label: ManifestLabel, intercept: float, part_BP: Floats, edited_BP: Flags) -> Floats:
    if label.neutral_model == "zero":
        return np.zeros(len(part_BP))
    if label.neutral_model == "min":
        alone_BP = np.where(edited_BP, intercept + part_BP, np.inf)
        worst_B = alone_BP.min(axis=1)
        return np.where(np.isfinite(worst_B), worst_B, intercept)
    sum_B: Floats = intercept + part_BP.sum(axis=1)
    if is_logarithmic(label.neutral_model, label.scale, label.transform):
        return np.exp(sum_B)
    return sum_B


def expected_neutral(
    labels: Sequence[ManifestLabel],
    batch: DesignBatch,
    intercept_Y: Floats,
    weight_YE: Floats,
) -> list[Floats]:
    """Neutral expectation of each label [B], in its unit."""
    edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
    padded_YE = np.concatenate([np.zeros((len(labels), 1)), weight_YE], axis=1)
    return [
        _one(label, float(intercept_Y[y]), padded_YE[y][edit_BP] * effect_BP, edit_BP > 0)
        for y, label in enumerate(labels)
    ]
