"""Both clients through a network that loses requests and answers, before a real service."""

import itertools
import threading

import pytest

from service.client.aio.cellgebra import AsyncCellgebra
from service.client.cellgebra import Cellgebra
from service.client.training import TrainingRun
from service.contract.errors import NotFoundError, UnavailableError
from service.contract.jobs import JobState
from tests.servers.flaky_proxy import Fault, flaky_proxy
from tests.service.client.conftest import SPEC, table

pytestmark = pytest.mark.slow

TRAINING = {
    "labels": [{"name": "titer"}],
    "model": {"kind": "additive"},
    "split": {"kind": "none"},
    "ensemble_size": 1,
}


class Faults:
    """Every POST fails in these ways before one goes through, every GET is lost once."""

    def __init__(self, *ways):
        self.ways = {"POST": ways, "GET": (Fault.REQUEST_LOST,), "DELETE": (Fault.ANSWER_LOST,)}
        self.counts = {}
        self.lock = threading.Lock()

    def __call__(self, line):
        with self.lock:
            number = self.counts[line] = self.counts.get(line, 0) + 1
        ways = self.ways[line.partition(" ")[0]]
        return ways[number - 1] if number <= len(ways) else Fault.NONE


def test_what_is_created_through_a_bad_network_is_created_once(sqlite_service, client):
    before = {one.id for one in client.datasets.list()}
    ways = (Fault.ANSWER_LOST, Fault.BUSY)
    with (
        flaky_proxy(sqlite_service.base_url, Faults(*ways)) as (url, proxy),
        Cellgebra(url) as far,
    ):
        made = far.datasets.upload(table(), SPEC, name="through a bad network")
        run = far.train({**TRAINING, "dataset_id": made.id})
        run.wait()
        assert run.model().score(["PP_0001:knockdown"], ["mean"]).labels[0].mean
        assert [one.id for one in client.runs(dataset_id=made.id)] == [run.id]
        with pytest.raises(UnavailableError):  # its answer is lost, and it is not sent again
            run.delete(cascade=True)
    posts = [(line, fault) for line, fault in proxy.seen if line.startswith("POST /v1/datasets")]
    assert [fault for _, fault in posts] == [*ways, Fault.NONE]
    assert len({line for line, _ in posts}) == 1  # one request_id
    assert {one.id for one in client.datasets.list()} - before == {made.id}
    assert [line for line, _ in proxy.seen if line.startswith("DELETE")] == [
        f"DELETE /v1/training-jobs/{run.id}?cascade=true HTTP/1.1"
    ]
    with pytest.raises(NotFoundError):
        client.run(run.id)


async def test_the_client_for_asyncio_comes_through_as_well(sqlite_service, client, tmp_path):
    path = tmp_path / "titers.tsv"
    path.write_bytes(table())
    faults = Faults(Fault.REQUEST_LOST, Fault.ANSWER_LOST)
    with flaky_proxy(sqlite_service.base_url, faults) as (url, proxy):
        async with AsyncCellgebra(url) as far:
            made = await far.datasets.upload(path, SPEC, name="by asyncio")
            run = await far.train({**TRAINING, "dataset_id": made.id})
            assert (await run.wait()).state is JobState.SUCCEEDED
            model = await run.model()
            answer = await model.score(["PP_0001:knockdown"], ["mean"])
            listed = [one.id async for one in far.runs(dataset_id=made.id)]
    assert listed == [one.id for one in client.runs(dataset_id=made.id)] == [run.id]
    near = client.model(model.id).score(["PP_0001:knockdown"], ["mean"])
    assert answer.labels == near.labels
    assert made.size_bytes == len(table())
    assert Fault.ANSWER_LOST in {fault for _, fault in proxy.seen}


def test_events_through_streams_that_break_are_those_of_one_that_does_not(sqlite_service, run):
    expected = list(run.events())
    enough = 1000 + max(len(event.model_dump_json()) for event in expected)  # for one at least
    ways = itertools.cycle([Fault.REQUEST_LOST, Fault.CUT, Fault.CUT, Fault.BUSY, Fault.CUT])
    with (
        flaky_proxy(sqlite_service.base_url, lambda _: next(ways), cut_bytes=enough) as (
            url,
            proxy,
        ),
        Cellgebra(url) as far,
    ):
        assert list(TrainingRun(far._transport, run.job).events()) == expected
    assert [fault for _, fault in proxy.seen].count(Fault.CUT) > 1


def test_a_service_that_stays_away_is_told_of(sqlite_service):
    with (
        flaky_proxy(sqlite_service.base_url, lambda _: Fault.REQUEST_LOST) as (url, proxy),
        Cellgebra(url) as far,
        pytest.raises(UnavailableError),
    ):
        far.run("job_1")
    assert len(proxy.seen) == 4
