"""A training job can name any term: it trains, twice to the same bytes, and resumes."""

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError
from service.contract.jobs import EventType
from service.contract.losses import LossSpec
from tests.worker.tables import (
    CYCLE,
    IDENTITY,
    log_titer,
    random_designs,
    small_spec,
    training_options,
    write_table,
)
from worker.training.errors import TrainingStoppedError
from worker.training.run import train_model

LABELS = [
    LabelColumn(name="titer", kind="titer", scale="log", unit="mg/L", detection_limit=30.0),
    LabelColumn(name="fitness", kind="fitness", unit="relative"),
]
REGRESSIONS = [
    {"name": "huber", "delta": 0.5},
    {"name": "gaussian_nll"},
    {"name": "tobit"},
    {"name": "hurdle"},
    {"name": "crps"},
]
DISTS = [
    {"name": "dist", "rule": "kde", "distance": "l1"},
    {"name": "dist", "rule": "official", "distance": "huber", "step": 0.5, "bandwidth": 0.5},
]
PENALTIES = [
    {"name": "l1", "weight": 0.05},
    {"name": "group_lasso", "weight": 0.05},
    {"name": "c_node", "weight": 0.05},
    {"name": "hard_concrete", "weight": 0.05},
]
CONTRASTS = [
    {"name": "infonce"},
    {"name": "infonce", "symmetric": False, "similarity": "cosine"},
    {"name": "supcon"},
    {"name": "supcon", "bins": 2},
]
LOSSES = [[term] for term in REGRESSIONS]
MIXING = [{"name": "batch_mixing", "n_neighbors": 5}]
LOSSES += [[{"name": "mse"}, term] for term in DISTS + CONTRASTS + MIXING + PENALTIES]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    designs = random_designs(40)
    log_values = log_titer(designs)
    fitness = np.exp(0.2 * (log_values - 4))
    fitness[5:9] = 0.0  # dead
    fitness[10] = np.nan
    return write_table(
        tmp_path_factory.mktemp("terms") / "table.parquet",
        designs,
        label__titer=np.exp(log_values),
        sd__titer=0.1 * np.exp(log_values),
        label__fitness=fitness,
        sd__fitness=np.full(len(designs), 0.05),
        covariate__cycle=[str(i % 3) for i in range(len(designs))],
    )


def train(table, terms, **options):
    spec = small_spec(
        labels=[{"name": "titer"}, {"name": "fitness"}],
        loss={"terms": terms},
        split={"kind": "none"},
        epochs=2,
        ensemble_size=1,
    )
    return train_model(
        spec, table, LABELS, [CYCLE], identity=IDENTITY, **training_options(**options)
    )


def epochs_of(table, terms, **options):
    """The model, and the events of its epochs."""
    events = []
    model = train(table, terms, emit=lambda kind, data: events.append((kind, data)), **options)
    return model, [data for kind, data in events if kind is EventType.EPOCH]


@pytest.mark.parametrize("terms", LOSSES, ids=lambda terms: " ".join(map(str, terms[-1].values())))
def test_a_job_that_names_it_trains_and_resumes_to_the_same_bytes(table, terms, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    whole, undisturbed = epochs_of(table, terms)
    assert set(undisturbed[0]["terms"]) == {"total", *(term["name"] for term in terms)}
    assert all(np.isfinite(value) for value in undisturbed[0]["terms"].values())
    saved, asked = [], iter(range(100))
    with pytest.raises(TrainingStoppedError):
        train(table, terms, save_checkpoint=saved.append, should_stop=lambda: next(asked) >= 3)
    resumed, rest = epochs_of(table, terms, checkpoint=saved[0])
    assert resumed.weights == whole.weights
    assert rest[-1] == undisturbed[-1]


def test_terms_differ_in_what_is_learned(table):
    losses = [[{"name": "mse"}], *LOSSES]
    errors = {epochs_of(table, terms)[1][-1]["metrics"]["validation_rmse"] for terms in losses}
    assert len(errors) == len(losses)


def test_published_pseudo_labels_without_a_sound_answer_are_refused(table):
    terms = [{"name": "mse"}, {"name": "dist", "rule": "official", "step": 0.2}]
    with pytest.raises(InvalidArgumentError, match="dist: the published rule has no sound"):
        train(table, terms)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([{"name": "ensemble_crps"}], "ensemble_crps scores samples"),
        ([{"name": "mse"}, {"name": "energy_score"}], "energy_score scores samples"),
        ([{"name": "mse"}, {"name": "multi_latent"}], "name supcon"),
        ([{"name": "mse"}, {"name": "support_infonce"}], "name infonce"),
        ([{"name": "mse"}, {"name": "path_reg"}], "name hard_concrete"),
        ([{"name": "mse"}, {"name": "huber"}], "exactly one regression term"),
        ([{"name": "dist"}], "exactly one regression term"),
        ([{"name": "tobit", "weight": 0}], "with a weight above 0"),
    ],
)
def test_a_loss_without_a_sound_regression_is_refused(terms, message):
    with pytest.raises(ValueError, match=message):
        LossSpec.model_validate({"terms": terms})
