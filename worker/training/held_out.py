"""Test designs of one label: what was measured, and what every predictor says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.training import Transform
from worker.inference.ensembles import MemberReadings
from worker.inference.neutral import Neutral
from worker.training.labels import ChosenLabel

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


def to_unit(label: ChosenLabel, learned_N: Floats) -> Floats:
    """Values of the learned scale in the label's unit."""
    return np.exp(learned_N) if label.transform is Transform.LOG else learned_N


@dataclass(frozen=True)
class HeldOut:
    """One label on its test designs, in the label's unit; every array is in one order.

    `models` are the readings of the trained model (y_intact first), `nulls` what they have to beat;
    `cluster_N` says which designs edit the same genes.
    """

    label: ChosenLabel
    designs: tuple[Design, ...]
    truth_N: Floats
    readings: MemberReadings
    neutral: Neutral
    models: Mapping[str, Floats]
    nulls: Mapping[str, Floats]
    cluster_N: Codes

    def __len__(self) -> int:
        return len(self.designs)

    @property
    def predictors(self) -> dict[str, Floats]:
        """Models, then nulls."""
        return {**self.models, **self.nulls}

    @property
    def best(self) -> tuple[str, Floats]:
        """The model's first reading, with its name."""
        return next(iter(self.models.items()))

    @property
    def orders(self) -> Codes:
        """How many edits each design has."""
        return np.array([design.order for design in self.designs], dtype=np.int64)


def gene_sets(designs: Sequence[Design]) -> Codes:
    """Which designs edit the same genes [N]."""
    number: dict[frozenset[str], int] = {}
    sets = [frozenset(edit.locus for edit in design.edits) for design in designs]
    return np.array([number.setdefault(loci, len(number)) for loci in sets], dtype=np.int64)
