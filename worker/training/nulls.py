"""What a model has to beat: the mean, the additive model, a forest, a ridge on gene features."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.models import (
    AdditiveSpec,
    ClassicalSpec,
    FeatureRidgeSpec,
    ForestSpec,
    TrainMeanSpec,
)
from worker.models.classical import fit_model
from worker.models.observations import observations
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]

_FEATURES = FeatureRidgeSpec()
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
    batch = data.vocabulary.encode(designs)
    known = batch.within(len(data.index))  # to these nulls an edit without data is no edit
    found: dict[str, Floats] = {spec.kind: fit_model(spec, rows).predict(known) for spec in _NULLS}
    genes = data.gene_vocabulary
    if genes is not None and genes.known.feature_EF.any():
        read = replace(rows, edit_count=len(genes.index), genes=genes.known)
        found[_FEATURES.kind] = fit_model(_FEATURES, read).predict(batch)
    return found
