"""What independence of the edits would give, in a label's unit.

From the reference and each edit alone, on the label's neutral scale:

* multiplicative (fitness): effects multiply, that is, they add up on the log scale;
* additive (titer, rate, yield): effects add up on the label's scale (log where that is its scale);
* min (viability): the design is as good as its worst edit alone;
* zero (interaction scores): there is nothing but the interaction.

If the training part holds the reference and every edit of a design alone, these are the measured
values; else all of them come from an additive ridge model of the training labels. Never a mix: the
difference of a measured and a fitted value would hold the error of the fit. Singles are all
that independence takes: a measured pair would bring its interaction along.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.datasets import LabelKind
from service.contract.manifests import ManifestLabel, NeutralModel
from service.contract.training import Transform
from worker.inference.measured import LowerOrders, MeasuredSingles
from worker.models.encoding import DesignBatch, EncodedDesigns

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
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


def _one(label: ManifestLabel, base: float, part_BP: Floats, edited_BP: Flags) -> Floats:
    """Independence of the parts [B], in the label's unit; `base` is the reference."""
    if label.neutral_model == "min":
        alone_BP = np.where(edited_BP, base + part_BP, np.inf)
        return np.where(edited_BP.any(axis=1), alone_BP.min(axis=1), base)
    sum_B: Floats = base + part_BP.sum(axis=1)
    if is_logarithmic(label.neutral_model, label.scale, label.transform):
        return np.exp(sum_B)
    return sum_B


# What a neutral expectation may come from; columns hold places in it.
SOURCES = np.array(["fitted", "measured", "rule"], dtype=object)
FITTED, _MEASURED, _RULE = np.arange(3, dtype=np.int8)


class Neutral(NamedTuple):
    """Neutral expectation of one label in its unit, and where it comes from, [B] both.

    `source_B` are places in `SOURCES`.
    """

    expected_B: Floats
    source_B: NDArray[np.int8]

    def sources(self) -> list[str]:
        """Where each comes from, in words."""
        words: list[str] = SOURCES[self.source_B].tolist()
        return words


class NeutralModels:
    """What independence is computed from: the additive fit, and what was measured."""

    def __init__(self, labels: Sequence[ManifestLabel], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._labels = labels
        self._intercept_Y = arrays["neutral.intercept_Y"]
        self._weight_YE = np.pad(arrays["neutral.weight_YE"], ((0, 0), (1, 0)))  # 0 is padding
        self._lower = LowerOrders(MeasuredSingles.of(arrays, len(labels)))

    def expect(self, batch: DesignBatch, designs: EncodedDesigns) -> list[Neutral]:
        """Neutral expectation of each label; `batch` holds the designs, padded."""
        place_BP = self._lower.places(designs)
        return [
            Neutral(np.zeros(len(designs)), np.full(len(designs), _RULE))
            if label.neutral_model == "zero"
            else self._expect(y, label, batch, place_BP)
            for y, label in enumerate(self._labels)
        ]

    def _expect(self, y: int, label: ManifestLabel, batch: DesignBatch, place_BP: Codes) -> Neutral:
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        edited_BP = edit_BP > 0
        part_BP = self._weight_YE[y][edit_BP] * effect_BP
        fitted_B = _one(label, float(self._intercept_Y[y]), part_BP, edited_BP)
        alone_BP = self._lower.effects(y, place_BP)
        measured_B = _one(label, self._lower.reference(y), alone_BP, edited_BP)
        is_measured_B = ~np.isnan(alone_BP).any(axis=1)
        return Neutral(
            np.where(is_measured_B, measured_B, fitted_B),
            np.where(is_measured_B, _MEASURED, FITTED),
        )
