"""What a model has to beat: the training mean, the additive model, and a random forest."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from worker.models.additive import fit_ridge
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]

FOREST_MAX_ROWS = 20_000
_FOREST_TREES = 200


def _forest(data: TrainingData, y: int, designs: Sequence[Design], seed: int) -> Floats:
    # Imported here: it takes a second, and only reports need it.
    from sklearn.ensemble import RandomForestRegressor

    label_N = data.train.label_NY[:, y]
    rows = np.flatnonzero(~np.isnan(label_N))
    state = derived_seed(seed, "forest") % 2**32
    if len(rows) > FOREST_MAX_ROWS:
        rows = np.random.default_rng(state).choice(rows, FOREST_MAX_ROWS, replace=False)
    matrix_KE = data.index.matrix(data.train.designs)
    forest = RandomForestRegressor(_FOREST_TREES, random_state=state, n_jobs=1)
    forest.fit(matrix_KE[data.train.design_N[rows]], label_N[rows])
    predicted: Floats = forest.predict(data.index.matrix(designs))
    return predicted


def null_predictions(
    data: TrainingData, y: int, designs: Sequence[Design], seed: int
) -> dict[str, Floats]:
    """Predictions of one label on the learned scale, by the name of the null."""
    label_N = data.train.label_NY[:, y]
    effect_KE = data.index.matrix(data.train.designs)
    ridge = fit_ridge(effect_KE[data.train.design_N], label_N)
    return {
        "train_mean": np.full(len(designs), np.nanmean(label_N)),
        "additive": ridge.predict(data.index.matrix(designs)),
        "forest": _forest(data, y, designs, seed),
    }
