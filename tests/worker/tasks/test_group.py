"""Trainings by two processes on the CPU, as the task runs them; each has a torchrun of its own."""

import threading
import time

import numpy as np
import psutil
import pytest
from safetensors.torch import load

from service.contract.artifacts import ArtifactStore
from service.contract.jobs import EventType, JobKind
from service.contract.records import DatasetRecord, ModelRecord
from service.contract.repositories import artifacts, events, jobs
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from tests.service.rows import OWNER, add_dataset
from tests.worker.tables import log_titer, random_designs, small_spec, write_table
from worker.tasks import stopping
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime
from worker.tasks.train import _train

pytestmark = pytest.mark.slow

LONG = {"epochs": 100_000, "patience_epochs": 100_000}


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def runtime(database, tmp_path, monkeypatch):
    # Here, the end of the worker's process would be that of the tests.
    monkeypatch.setattr("worker.tasks.heartbeat.PATIENCE_SECONDS", 60.0)
    settings = Settings(data_dir=tmp_path, heartbeat_seconds=0.2, torch_threads=1)
    return Runtime(settings, database, ArtifactStore(tmp_path / "artifacts"))


@pytest.fixture
def dataset_id(runtime, tmp_path):
    """A data set of forty designs."""
    designs = random_designs(40)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))
    dataset_id, _ = add_dataset(runtime.database)
    writer = runtime.store.writer()
    writer.copy(path)
    sealed = writer.seal()
    with artifacts.write_blobs(runtime.database, runtime.store) as session:
        dataset = session.get_one(DatasetRecord, dataset_id)
        dataset.table_sha256 = artifacts.publish(session, OWNER, sealed, "table").sha256
    return dataset_id


@pytest.fixture
def queue(runtime, dataset_id):
    """Queues a job; gives its id."""

    def queue(processes=2, **changes):
        resources = {"processes": processes}
        spec = small_spec(dataset_id=dataset_id, resources=resources, **changes)
        with runtime.database.write() as session:
            return jobs.create_job(
                session,
                OWNER,
                JobKind.TRAINING,
                spec.model_dump(mode="json"),
                subject_id=dataset_id,
                request=Request(None, "0" * 64),
            )[0].id

    return queue


@pytest.fixture
def read(runtime):
    def read(job_id):
        with runtime.database.read() as session:
            return jobs.get_job(session, OWNER.project_id, JobKind.TRAINING, job_id)

    return read


@pytest.fixture
def weights_of(runtime):
    def weights_of(job):
        with runtime.database.read() as session:
            model = session.get_one(ModelRecord, job.result["model_id"])
        return load(runtime.store.read(model.weights_sha256))

    return weights_of


@pytest.fixture
def told(runtime):
    """Data of a job's events of one type."""

    def told(job_id, type_):
        with runtime.database.read() as session:
            return events.list_event_data(session, job_id, type_)

    return told


def processes():
    """The processes of groups that this one has started."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "worker.training.group_process" in child.cmdline()
    ]


def once_it_trains(told, job_id, act):
    """Do something in the middle of a training, from another thread."""

    def wait():
        deadline = time.monotonic() + 90
        while not told(job_id, EventType.EPOCH) and time.monotonic() < deadline:
            time.sleep(0.1)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_two_processes_make_the_model_of_one(runtime, queue, read, weights_of, told):
    ids = [queue(processes) for processes in (1, 2)]
    for job_id in ids:
        run_job(runtime, job_id, _train)
    alone, group = (read(job_id) for job_id in ids)
    assert [alone.state, group.state] == ["SUCCEEDED", "SUCCEEDED"], group.error
    mine, theirs = weights_of(alone), weights_of(group)
    assert mine.keys() == theirs.keys()
    for name in ("member.0.shift_ED", "member.1.reference_D"):
        np.testing.assert_allclose(mine[name], theirs[name], atol=1e-3)
    assert len(told(ids[0], EventType.EPOCH)) == len(told(ids[1], EventType.EPOCH)) > 0
    assert group.fraction == 1
    assert processes() == []


def test_a_worker_that_goes_hands_a_checkpoint_back(runtime, queue, read, told, monkeypatch):
    monkeypatch.setattr(stopping, "_asked", threading.Event())
    job_id = queue(**LONG)
    thread = once_it_trains(told, job_id, stopping.ask)
    run_job(runtime, job_id, _train)
    thread.join()
    job = read(job_id)
    assert (job.state, job.attempt_count) == ("QUEUED", 0)
    assert runtime.store.read(job.checkpoint_sha256)
    assert processes() == []


def test_a_cancel_ends_all_processes(runtime, database, queue, read, told):
    job_id = queue(**LONG)

    def cancel():
        with database.write() as session:
            jobs.request_cancel(session, OWNER.project_id, JobKind.TRAINING, job_id)

    thread = once_it_trains(told, job_id, cancel)
    run_job(runtime, job_id, _train)
    thread.join()
    assert read(job_id).state == "CANCELLED"
    assert processes() == []


def test_a_killed_process_is_an_attempt_and_the_next_one_goes_on(runtime, queue, read, told):
    job_id = queue(**LONG)
    thread = once_it_trains(told, job_id, lambda: processes()[-1].kill())
    run_job(runtime, job_id, _train)
    thread.join()
    job = read(job_id)
    assert (job.state, job.attempt_count) == ("QUEUED", 1)
    assert processes() == []


def test_an_error_of_the_training_is_that_of_the_job(runtime, queue, read):
    job_id = queue(labels=[{"name": "titre"}])
    run_job(runtime, job_id, _train)
    job = read(job_id)
    assert (job.state, job.error["code"]) == ("FAILED", "INVALID_ARGUMENT")
    assert "no label titre" in job.error["detail"]
