"""A set transformer from table to score: stored, loaded, scored, and bounded."""

import numpy as np
import pytest

from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import SetTransformerSpec
from service.contract.training import TrainingLabel, TrainingSpec
from tests.worker.tables import IDENTITY, TITER, log_titer, random_designs, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.memory import TrainingSize, bytes_per_design, require_memory
from worker.training.run import train_model

MODEL = {"kind": "set_transformer", "latent_dim": 8, "hidden_dim": 8, "attention_heads": 2}


def test_it_is_trained_stored_loaded_and_scored(tmp_path):
    designs = random_designs(60)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))
    spec = small_spec(model=MODEL, ensemble_size=1, epochs=3)
    trained = train_model(spec, path, [TITER], identity=IDENTITY)
    rows = {row.predictor: row for row in trained.told().labels[0].table}
    assert {"set_transformer (y_intact)", "set_transformer (y_compose)"} <= rows.keys()
    assert rows["set_transformer (y_intact)"].rmse < rows["train_mean"].rmse
    predictor = Predictor.load(trained.weights, trained.manifest)
    parts = ["", "g0:knockdown", "g0:knockdown+g1:knockdown"]
    alone = [predictor.score([part]).labels[0].mean[0] for part in parts]
    assert predictor.score(parts).labels[0].mean == pytest.approx(alone)
    assert trained.told().diagnostics.composition is not None


def test_genes_times_designs_are_refused_before_they_fill_the_memory():
    spec = TrainingSpec(
        dataset_id="d", labels=(TrainingLabel(name="y"),), model=SetTransformerSpec()
    )
    size = TrainingSize(10_000, 3, (0,), edit_count=5_000, observation_count=5_000)
    require_memory(spec, size)
    with pytest.raises(FailedPreconditionError, match="batch_size"):
        require_memory(spec.model_copy(update={"batch_size": 4_096}), size)


def test_a_measured_step_is_foreseen():
    """Peaks of the resident memory in one step: 0.13, 0.22 and 0.69 GB."""
    model = SetTransformerSpec()
    for rows, order, genes, measured in ((64, 3, 2_000, 0.13e9), (256, 2, 750, 0.22e9)):
        assert measured < rows * bytes_per_design(model, order, (0,), genes) < 2 * measured
    assert 0.69e9 < 1024 * bytes_per_design(model, 2, (0,), 750) < 2 * 0.69e9
