"""One small model of knock-downs at any level, with a promoter swap beside a copy number."""

import numpy as np
import pytest

from tests.worker.tables import FITNESS, IDENTITY, TITER, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.run import train_model

EDITS = [
    "a:knockdown",
    "b:knockdown",
    "c%2B:deletion",
    "d:part=P1",
    "d:copy_number",
    "e:deletion",
]


@pytest.fixture(scope="session", params=["additive", "perturbation_set"])
def predictor(request, tmp_path_factory):
    """Two labels, three members, intervals."""
    rng = np.random.default_rng(3)
    designs = [""] + [
        "+".join(sorted(rng.choice(EDITS, rng.integers(1, 4), replace=False))) for _ in range(80)
    ]
    path = write_table(
        tmp_path_factory.mktemp("scoring") / "t.parquet",
        designs,
        label__titer=np.exp(rng.normal(4, 1, 81)),
        label__fitness=rng.normal(1, 0.1, 81),
    )
    spec = small_spec(
        labels=[{"name": "titer"}, {"name": "fitness"}],
        model={"kind": request.param},
        ensemble_size=3,
        split={"kind": "none"},
    )
    trained = train_model(spec, path, [TITER, FITNESS], identity=IDENTITY, with_report=False)
    return Predictor.load(trained.weights, trained.manifest, model_id="model_1")


@pytest.fixture(scope="session")
def additive(tmp_path_factory):
    """A model whose vocabulary is asked, whatever its values are."""
    path = write_table(
        tmp_path_factory.mktemp("scoring") / "t.parquet",
        ["", *EDITS, "a:knockdown+e:deletion"],
        label__fitness=np.linspace(0.5, 1, 8),
    )
    spec = small_spec(
        labels=[{"name": "fitness"}],
        model={"kind": "additive"},
        ensemble_size=1,
        split={"kind": "none"},
    )
    trained = train_model(spec, path, [FITNESS], identity=IDENTITY, with_report=False)
    return Predictor.load(trained.weights, trained.manifest, model_id="model_1")
