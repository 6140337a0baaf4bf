"""A trained model, for tasks that load it from a store."""

import numpy as np
import pytest

from tests.worker.tables import (
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.training.run import train_model


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    designs = random_designs(40)
    path = write_table(
        tmp_path_factory.mktemp("table") / "t.parquet",
        designs,
        label__titer=np.exp(log_titer(designs)),
    )
    spec = small_spec(model={"kind": "additive"}, split={"kind": "none"})
    return train_model(spec, path, [TITER], identity=IDENTITY)
