"""Containers that are killed: jobs end as they would have, and nothing is done twice."""

import time

import pytest

from tests.containers.stack import WORKERS, wait_until

pytestmark = [pytest.mark.containers, pytest.mark.timeout(600)]

LONG = {"epochs": 150, "ensemble_size": 2}


@pytest.fixture
def in_an_epoch(api, submit):
    """A training of some seconds that has come to its epochs, past a first checkpoint."""
    job = submit(**LONG)

    def fraction():
        return api.get(f"/v1/training-jobs/{job['id']}").raise_for_status().json()

    wait_until(lambda: fraction()["fraction"] > 0.2, "a fifth of a training", 240)
    assert fraction()["state"] == "RUNNING"
    return job


@pytest.mark.parametrize("killed", ["worker-train", "broker", "db", "api rpc scheduler"])
def test_a_training_outlives_the_killing_of(killed, deployment, in_an_epoch, ended):
    begin = time.monotonic()
    for service in killed.split():
        deployment.kill(service)
    job = ended(in_an_epoch)
    seconds = time.monotonic() - begin
    assert job["state"] == "SUCCEEDED", job
    wait_until(deployment.is_ready, f"ready after {killed} was killed", 120)
    everybody = ("api", "rpc", "scheduler", *WORKERS)
    wait_until(lambda: deployment.is_healthy(*everybody), "every container is well again", 120)
    assert deployment.models_of(job) == 1
    if killed == "worker-train":  # or a second time, where the machine is too busy for its lease
        assert job["attempt_count"] >= 2
    deployment.note(f"{killed} killed in an epoch: the job ended {seconds:.1f} s later")


def test_a_job_that_comes_while_the_broker_is_dead_is_rung_for(deployment, submit, ended):
    deployment.compose("stop", "--timeout", "0", "broker")
    job = submit()
    deployment.up("broker")
    assert ended(job)["state"] == "SUCCEEDED"
