"""Sweeps in the client, its network made up: which requests are sent, and how often."""

import httpx
import pytest

from service.client.aio.cellgebra import AsyncCellgebra
from service.client.cellgebra import Cellgebra
from service.contract import errors
from service.contract.jobs import JobState

TRAINING = {"dataset_id": "dataset_1", "labels": [{"name": "y"}], "model": {"kind": "additive"}}
RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2}
SWEEP = {
    "id": "sweep_1",
    "state": "CANCELLED",
    "spec": {"training": TRAINING, "parameters": [RATE]},
    "create_time": "2026-01-02T03:04:05Z",
    "trial_count": 1,
}


class Network:
    """A service that has the one sweep, resumes it at once, and may be too busy for that."""

    def __init__(self, status=200):
        self.status = status
        self.resumed = 0

    def __call__(self, request):
        if request.method == "GET":
            return httpx.Response(200, json=SWEEP)
        assert (request.method, request.url.path) == ("POST", "/v1/sweeps/sweep_1:resume")
        self.resumed += 1
        return httpx.Response(self.status, json={**SWEEP, "state": "QUEUED"})

    @property
    def transport(self):
        return httpx.MockTransport(self)


def test_a_sweep_is_resumed():
    network = Network()
    http = httpx.Client(transport=network.transport, base_url="http://service")
    run = Cellgebra(http=http).sweep_run("sweep_1")
    assert run.resume().state is run.state is JobState.QUEUED
    assert network.resumed == 1


async def test_a_sweep_is_resumed_without_blocking():
    network = Network()
    http = httpx.AsyncClient(transport=network.transport, base_url="http://service")
    run = await AsyncCellgebra(http=http).sweep_run("sweep_1")
    assert (await run.resume()).state is run.state is JobState.QUEUED
    assert network.resumed == 1


def test_a_resume_whose_answer_was_lost_is_not_sent_again():
    """The second would be refused although the first has done its work."""
    network = Network(503)
    http = httpx.Client(transport=network.transport, base_url="http://service")
    run = Cellgebra(http=http).sweep_run("sweep_1")
    with pytest.raises(errors.UnavailableError):
        run.resume()
    assert network.resumed == 1
