"""The collapse monitor while a member is trained, and weightings of terms in a whole training."""

import math

import pytest
import torch
from safetensors.torch import load

from service.contract.jobs import EventType
from tests.worker.tables import in_groups, log_titer, random_designs, small_spec, write_table
from worker.training.errors import LatentCollapseError, TrainingStoppedError
from worker.training.latent_monitor import EPOCHS_BETWEEN_LOOKS, LatentState, require_latent

LATENT = {"latent_effective_rank", "latent_variance_share", "latent_shuffled_ratio"}


@pytest.fixture
def two_groups(tmp_path):
    """Two groups of designs: the other members have nothing held out, and keep what they end at."""
    designs = random_designs(40)
    values = torch.tensor(log_titer(designs)).exp().tolist()
    groups = in_groups(designs, 2)
    return write_table(tmp_path / "groups.parquet", designs, label__titer=values, group=groups)


def epochs_of(events):
    return [data for kind, data in events if kind is EventType.EPOCH]


def test_a_job_whose_latent_collapses_ends_early_with_that_verdict(train, two_groups):
    # Nothing holds the latent against the weight decay.
    events = []
    spec = small_spec(
        epochs=60,
        loss={"terms": [{"name": "mse", "weight": 1e-30}]},
        ensemble_size=5,
        split={"kind": "none"},
        optimizer={"learning_rate": 0.1, "weight_decay": 9.0},
    )
    with pytest.raises(LatentCollapseError, match="3 of 5 members collapsed") as caught:
        train(spec, path=two_groups, emit=lambda kind, data: events.append((kind, data)))
    assert caught.value.reason == "LATENT_COLLAPSE"
    last = {event["member"]: event["epoch"] for event in epochs_of(events)}
    assert all(last[member] == 2 * EPOCHS_BETWEEN_LOOKS for member in (2, 3, 4))
    assert not [kind for kind, _ in events if kind is EventType.REPORT]


def test_a_sound_training_is_watched_every_few_epochs(train):
    events = []
    train(small_spec(epochs=11), emit=lambda kind, data: events.append((kind, data)))
    for event in epochs_of(events):
        is_due = event["epoch"] % EPOCHS_BETWEEN_LOOKS == 0
        assert LATENT.issubset(event["metrics"]) == is_due
        if is_due:
            assert event["metrics"]["latent_variance_share"] > 0.1
            assert event["metrics"]["latent_shuffled_ratio"] > 1
            assert 1 <= event["metrics"]["latent_effective_rank"] <= 8


def test_members_that_are_not_trained_yet_count_as_alive():
    dead = LatentState(1.0, 1e-9, 1e-9, 0.1, 1.0)
    require_latent([dead, dead], 5)
    with pytest.raises(LatentCollapseError, match="3 of 5"):
        require_latent([dead, dead, dead], 5)


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["uncertainty", "pcgrad"])
def test_a_weighted_and_split_training_resumes_to_the_same_bytes(train, monkeypatch, weighting):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    loss = {"terms": small_spec().loss.model_dump()["terms"], "latent_split": 0.5}
    spec = small_spec(epochs=3, ensemble_size=1, loss={**loss, "weighting": weighting})
    whole = train(spec)
    saved, asked = [], iter(range(100))
    with pytest.raises(TrainingStoppedError):
        train(spec, save_checkpoint=saved.append, should_stop=lambda: next(asked) >= 6)
    assert train(spec, checkpoint=saved[0]).weights == whole.weights
    assert ("loss.uncertainty.shift_T" in load(saved[0])) == (weighting == "uncertainty")
    # Of the loss nothing is part of the model.
    assert not [name for name in load(whole.weights) if "uncertainty" in name]
    events = []
    train(spec, emit=lambda kind, data: events.append((kind, data)))
    assert all(math.isfinite(event["terms"]["total"]) for event in epochs_of(events))
