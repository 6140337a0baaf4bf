"""The mean of the training labels, whatever the design.

Source: what any model has to beat; measured beside deep models by Ahlmann-Eltze, Huber and Anders
2025, doi:10.1038/s41592-025-02772-6.
"""

from dataclasses import dataclass

import numpy as np

from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class TrainMean(StoredModel):
    """One number."""

    mean: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """The same for every design [B]."""
        return np.full(len(sets.edit_BP), float(self.mean))


def fit_train_mean(rows: Observations) -> TrainMean:
    """The weighted mean of the labels.

    Raises:
        ValueError: no row has a label.
    """
    known = rows.labelled()
    return TrainMean(np.array(np.average(known.label_N, weights=known.weight_N)))
