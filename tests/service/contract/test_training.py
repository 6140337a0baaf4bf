"""Training specs: what they run on, and options that go together."""

import pytest
from pydantic import ValidationError

from service.contract.sweeps import SweepSpec
from service.contract.training import TrainingSpec

NETWORK = {"kind": "perturbation_set"}


def spec_of(**changes):
    values = {"dataset_id": "d", "labels": [{"name": "y"}], "model": NETWORK, **changes}
    return TrainingSpec.model_validate(values)


@pytest.mark.parametrize(
    ("changes", "device", "processes", "gpus"),
    [
        ({}, "auto", 1, 0),
        ({"device": "cpu"}, "cpu", 1, 0),
        ({"device": "cuda"}, "cuda", 1, 1),
        ({"resources": {"gpus": 0}}, "cpu", 1, 0),
        ({"resources": {"gpus": 1}}, "cuda", 1, 1),
        ({"resources": {"gpus": 4}, "device": "cuda"}, "cuda", 4, 4),
        ({"resources": {"processes": 2}}, "cpu", 2, 0),
        ({"resources": {"gpus": 0, "processes": 3}}, "cpu", 3, 0),
    ],
)
def test_resources_say_where_by_how_many_and_what_a_worker_needs(changes, device, processes, gpus):
    spec = spec_of(**changes)
    assert (spec.wanted_device, spec.process_count, spec.gpu_count) == (device, processes, gpus)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resources": {"gpus": 2, "processes": 2}}, "leave processes out"),
        ({"resources": {"gpus": 1}, "device": "cpu"}, "device cpu has no GPU"),
        ({"resources": {"gpus": 0}, "device": "cuda"}, "device cuda needs a GPU"),
        ({"resources": {"processes": 2}, "device": "cuda"}, "device cuda needs a GPU"),
        ({"resources": {"gpus": 2}, "model": {"kind": "auto"}}, "2 processes: for networks alone"),
        ({"precision": "bf16", "model": {"kind": "gp"}}, "precision bf16: for networks alone"),
        ({"compile": True, "model": {"kind": "additive"}}, "compile: for networks alone"),
        ({"time_limit_seconds": 0}, "greater than 0"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        spec_of(**changes)


def test_a_trial_of_a_sweep_has_one_process():
    training = spec_of(resources={"processes": 2}).model_dump(mode="json")
    rate = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2}
    with pytest.raises(ValidationError, match="a trial has one"):
        SweepSpec.model_validate({"training": training, "parameters": [rate]})
