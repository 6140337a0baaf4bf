"""A table with two labels, one interaction and three cycles, and a training on it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.contract.training import TrainingSpec
from tests.worker.tables import (
    CYCLE,
    FITNESS,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    training_options,
    write_table,
)
from worker.training.run import TrainedModel, train_model


@pytest.fixture
def designs() -> list[str]:
    return random_designs(70)


@pytest.fixture
def table(tmp_path, designs) -> Path:
    log_values = log_titer(designs)
    fitness = np.exp(0.2 * (log_values - 4))
    fitness[5:15] = np.nan
    return write_table(
        tmp_path / "table.parquet",
        designs,
        label__titer=np.exp(log_values),
        label__fitness=fitness,
        covariate__cycle=[str(i % 3) for i in range(len(designs))],
    )


@pytest.fixture
def train(table) -> Callable[..., TrainedModel]:
    """Train on the table; keywords change the spec or go to `train_model`."""

    def call(spec: TrainingSpec | None = None, **options: object) -> TrainedModel:
        path = options.pop("path", table)
        own = training_options(**options)
        return train_model(
            spec or small_spec(), path, [TITER, FITNESS], [CYCLE], identity=IDENTITY, **own
        )

    return call
