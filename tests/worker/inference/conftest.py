"""Trained models to load, once a session."""

import numpy as np
import pytest

from tests.worker.tables import (
    FITNESS,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.training.run import train_model


@pytest.fixture(scope="session", params=["perturbation_set", "additive"])
def trained(request, tmp_path_factory):
    designs = random_designs(80)
    log_values = log_titer(designs)
    path = write_table(
        tmp_path_factory.mktemp("table") / "t.parquet",
        designs,
        label__titer=np.exp(log_values),
        label__fitness=np.exp(0.2 * (log_values - 4)),
    )
    spec = small_spec(
        labels=[{"name": "titer"}, {"name": "fitness"}],
        model={"kind": request.param},
        ensemble_size=3,
        split={"kind": "none"},
    )
    return train_model(spec, path, [TITER, FITNESS], identity=IDENTITY), designs
