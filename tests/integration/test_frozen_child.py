"""A pool child that is frozen for good is killed, and its queue goes on; others are let be."""

import json
import random
import time

import httpx
import psutil
import pytest

from service.contract.database import Database
from service.contract.jobs import JobKind
from service.contract.records import JobRecord
from service.contract.repositories import jobs, leases
from tests.chaos.deployment import freeze
from tests.servers.embedded import embedded_service
from worker.tasks.lost_children import GRACE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LEASE_SECONDS = 3.0
ENVIRONMENT = {
    "CELLGEBRA_LEASE_SECONDS": str(LEASE_SECONDS),
    "CELLGEBRA_HEARTBEAT_SECONDS": "0.5",
    "CELLGEBRA_SCHEDULER_PERIOD_SECONDS": "0.5",
    "CELLGEBRA_REDISPATCH_SECONDS": "2",
    "CELLGEBRA_INGEST_WAIT_SECONDS": "0",
}
SPEC = {
    "design": {"layout": "genotype", "column": "genotype", "kind": "knockdown"},
    "labels": [{"name": "titer", "kind": "titer", "unit": "mg/L"}],
}
ROWS = 300_000  # take seconds
ENDED_SECONDS = 120


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("up") / "data"
    with embedded_service(data_dir, environment=ENVIRONMENT) as started:
        yield started


@pytest.fixture
def database(service):
    opened = Database(service.database_url)
    yield opened
    opened.close()


def table(rows):
    draw = random.Random(rows)  # noqa: S311 - data of a test
    genes = [f"g{i}" for i in range(40)]
    lines = ("+".join(draw.sample(genes, 4)) + f"\t{draw.random()}" for _ in range(rows))
    return "\n".join(["genotype\ttiter", *lines]).encode()


def upload(service, rows):
    answer = httpx.post(
        f"{service.base_url}/v1/datasets", params={"spec": json.dumps(SPEC)}, content=table(rows)
    )
    return answer.raise_for_status().json()["id"]


def lose(database, dataset_id):
    """Take the job of an upload away from its worker, as recovery does."""
    job = job_of(database, dataset_id)
    with database.write() as session:
        leases.lose(session, leases.Lease(job.id, job.fence))


def cancel(database, dataset_id):
    job = job_of(database, dataset_id)
    with database.write() as session:
        jobs.request_cancel(session, job.project_id, JobKind.INGEST, job.id)


def job_of(database, dataset_id):
    with database.read() as session:
        return session.query(JobRecord).filter_by(subject_id=dataset_id).one()


def await_holder(database, dataset_id):
    while (owner := job_of(database, dataset_id).owner) is None:
        time.sleep(0.01)
    return psutil.Process(int(owner.rpartition(":")[2]))


def await_end(service, dataset_id):
    deadline = time.monotonic() + ENDED_SECONDS
    while time.monotonic() < deadline:
        found = httpx.get(f"{service.base_url}/v1/datasets/{dataset_id}").raise_for_status().json()
        if found["state"] != "INGESTING":
            break
        time.sleep(0.2)
    return found["state"]


def test_a_job_whose_only_child_is_frozen_for_good_is_done_by_another(service, database):
    first = upload(service, ROWS)
    frozen = await_holder(database, first)
    freeze(frozen, database)
    second = upload(service, 50)
    assert job_of(database, first).state == "RUNNING", "too fast to be frozen at work"
    assert await_end(service, first) == "READY"
    assert await_end(service, second) == "READY"
    assert not frozen.is_running()
    job = job_of(database, first)
    assert (job.state, job.attempt_count) == ("SUCCEEDED", 2)


def test_a_child_that_lost_a_job_and_one_that_stopped_another_go_on(service, database):
    lost = upload(service, ROWS + 1)
    child = await_holder(database, lost)
    lose(database, lost)
    assert await_end(service, lost) == "READY"
    cancelled = upload(service, ROWS + 2)
    assert await_holder(database, cancelled) == child
    cancel(database, cancelled)
    assert await_end(service, cancelled) == "FAILED"
    time.sleep(LEASE_SECONDS + GRACE_SECONDS + 2)
    assert child.is_running()
    assert [job_of(database, one).attempt_count for one in (lost, cancelled)] == [2, 1]
