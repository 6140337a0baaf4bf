"""What a model has to beat: the training mean, the additive model, and a random forest."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.models import AdditiveSpec, ClassicalSpec, ForestSpec, TrainMeanSpec
from worker.models.classical import fit_model
from worker.models.observations import observations
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]

FOREST_MAX_ROWS = ForestSpec().max_rows
_NULLS: tuple[ClassicalSpec, ...] = (TrainMeanSpec(), AdditiveSpec(), ForestSpec())


def null_predictions(
    data: TrainingData, y: int, designs: Sequence[Design], seed: int
) -> dict[str, Floats]:
    """Predictions of one label on the learned scale, by the name of the null."""
    rows = observations(
        data.index.encode(data.train.designs).rows(torch.from_numpy(data.train.design_N)),
        data.train.label_NY[:, y],
        edit_count=len(data.index),
        seed=derived_seed(seed, "forest") % 2**32,
    )
    batch = data.index.encode(designs)
    return {spec.kind: fit_model(spec, rows).predict(batch) for spec in _NULLS}
