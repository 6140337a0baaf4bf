"""Scores are answered while many streams stay open on a job that trains."""

import asyncio

import httpx
import pytest

from service.contract.jobs import JobEvent, JobState

STREAMS = 200
SCORES = 32
ROUNDS = 4


class Stream:
    """One reader of a job's events."""

    def __init__(self):
        self.sequences = []
        self.state = None

    async def read(self, http, path):
        async with http.stream("GET", path) as response:
            assert response.status_code == 200
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    event = JobEvent.model_validate_json(line[5:])
                    self.sequences.append(event.sequence)
                    self.state = event.data.get("state", self.state)


async def score(http, model, number):
    genotype = f"PP_{number % 12:04}:knockdown"
    response = await http.post(f"/v1/models/{model.id}:score", json={"genotypes": [genotype]})
    assert response.status_code == 200
    assert response.json()["genotypes"] == [genotype]


@pytest.mark.slow
async def test_scores_are_answered_while_streams_are_open(sqlite_service, client, dataset, model):
    spec = {"dataset_id": dataset.id, "labels": [{"name": "titer"}], "ensemble_size": 1}
    spec["model"] = {"kind": "perturbation_set"}
    run = client.train({**spec, "epochs": 100_000, "patience_epochs": 100_000})
    path = f"/v1/training-jobs/{run.id}/events"
    streams = [Stream() for _ in range(STREAMS)]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        httpx.AsyncClient(base_url=sqlite_service.base_url, limits=limits, timeout=60) as http,
        asyncio.TaskGroup() as group,
    ):
        for stream in streams:
            group.create_task(stream.read(http, path))
        async with asyncio.timeout(60):
            while not all(len(stream.sequences) > 5 for stream in streams):
                await asyncio.sleep(0.05)
        for _ in range(ROUNDS):
            await asyncio.gather(*(score(http, model, n) for n in range(SCORES)))
        assert not any(stream.state == JobState.SUCCEEDED for stream in streams)
        await asyncio.to_thread(run.cancel)
    for stream in streams:
        assert stream.state == JobState.CANCELLED
        assert stream.sequences == list(range(1, len(stream.sequences) + 1))
