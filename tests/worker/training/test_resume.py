"""A training that is stopped, by a worker that goes, and goes on elsewhere: the same to the bit."""

import numpy as np
import pytest

from service.contract.jobs import EventType
from tests.worker.tables import (
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    training_options,
    write_table,
)
from tests.worker.training.genes import chosen, gene_table
from worker.training.errors import TrainingStoppedError
from worker.training.run import train_model

SIZES = {"latent_dim": 8, "hidden_dim": 8, "head": "mlp", "dropout": 0.3}
MODELS = {
    "perturbation_set": {"model": {"kind": "perturbation_set", **SIZES}},
    "gene_graph": {
        "model": {"kind": "gene_graph", **SIZES},
        "genes": {"gene_table_id": "genes-1", "networks": [{"name": "ring"}]},
    },
}
# What has a state of its own: log variances, gates, and the order in which PCGrad compares.
LOSSES = {
    "uncertainty": {"weighting": "uncertainty"},
    "gates": {"terms": [{"name": "mse"}, {"name": "supcr"}, {"name": "hard_concrete"}]},
    "pcgrad": {"weighting": "pcgrad"},
}


@pytest.fixture
def train(tmp_path):
    """Train some model with some loss; gives the result and what was told of its epochs."""
    designs = random_designs(40)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))

    def train(kind, loss, told, **options):
        spec = small_spec(**MODELS[kind], loss=LOSSES[loss], split={"kind": "none"}, epochs=4)
        genes = None if spec.genes is None else chosen(gene_table())

        def emit(type_, data):
            if type_ is EventType.EPOCH:
                told.append(data)

        own = training_options(emit=emit, **options)
        return train_model(
            spec, path, [TITER], identity=IDENTITY, genes=genes, with_report=False, **own
        )

    return train


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", MODELS)
def test_losses_and_weights_are_those_of_an_undisturbed_run(train, monkeypatch, kind, loss):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)  # ask before every step
    told, saved, again = [], [None], []
    whole = train(kind, loss, told)
    for polls in (5, 8):  # in an epoch, and in one of the next member
        asked = iter(range(1000))
        with pytest.raises(TrainingStoppedError):
            train(
                kind,
                loss,
                again,
                checkpoint=saved[-1],
                save_checkpoint=saved.append,
                should_stop=lambda asked=asked, polls=polls: next(asked) >= polls,
            )
    resumed = train(kind, loss, again, checkpoint=saved[-1])
    assert len(saved) == 3
    assert again == told
    assert resumed.weights == whole.weights
