"""Laws of the scheduler, on both databases and a real broker: what was lost is found, once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database, utc_now
from service.contract.datasets import DatasetState
from service.contract.errors import NotFoundError
from service.contract.jobs import JobKind, JobState, Queue
from service.contract.records import (
    DatasetRecord,
    GeneTableRecord,
    JobEventRecord,
    JobRecord,
    WorkerRecord,
)
from service.contract.repositories import jobs, leases, promotions, uploads, workers
from service.contract.repositories.leases import MAX_ATTEMPTS
from service.contract.repositories.requests import Request
from service.contract.repositories.takeover import take_over
from service.contract.settings import Settings
from service.dispatch import Dispatcher
from service.handlers.context import Context
from service.scheduler import Scheduler
from tests.service.rows import OWNER as OWNER_OF_ROWS
from tests.service.rows import add_model, publish_blob

OWNER = jobs.Owner("project", "me")


@pytest.fixture
def settings(tmp_path, database_url, valkey):
    return Settings(
        data_dir=tmp_path,
        database_url=database_url,
        broker_url=valkey.url,
        scheduler_period_seconds=0.05,
        redispatch_seconds=30,
    )


@pytest.fixture
def make_scheduler(settings):
    opened = []

    def make(broker_url=settings.broker_url):
        database = Database(settings.resolved_database_url, pool_size=2)
        dispatcher = Dispatcher(broker_url)
        opened.extend((database, dispatcher))
        return Scheduler(settings, database, dispatcher)

    yield make
    for one in opened:
        one.close()


def add_job(database, kind=JobKind.TRAINING, *, subject_id="dataset_1"):
    with database.write() as session:
        request = Request(id=None, sha256="0" * 64)
        job, _ = jobs.create_job(session, OWNER, kind, {}, subject_id=subject_id, request=request)
        return job.id


def lose(database, job_id):
    """Claim a job as a worker that then falls silent for longer than its lease."""
    with database.write() as session:
        job = leases.claim(session, job_id, "gone:1", 60)
        job.lease_until = utc_now() - timedelta(seconds=1)


def read(database, job_id):
    with database.read() as session:
        return session.get_one(JobRecord, job_id)


def states_told(database, job_id):
    with database.read() as session:
        query = select(JobEventRecord).where(JobEventRecord.job_id == job_id)
        events = session.scalars(query.order_by(JobEventRecord.sequence)).all()
    return [event.data["state"] for event in events]


def rings(valkey, queue):
    with valkey.connect() as client:
        return client.llen(f"cellgebra:{queue.value}")


def test_a_job_whose_message_was_lost_is_rung_for_once(database, make_scheduler, valkey):
    job_id = add_job(database)
    scheduler = make_scheduler()
    scheduler.look()
    scheduler.look()
    assert rings(valkey, Queue.TRAIN) == 1
    assert read(database, job_id).dispatch_time is not None


def test_a_lost_bell_is_rung_again_and_one_that_hangs_is_not(database, make_scheduler, valkey):
    job_id = add_job(database)
    scheduler = make_scheduler()
    scheduler.look()
    with database.write() as session:
        session.get_one(JobRecord, job_id).dispatch_time = utc_now() - timedelta(seconds=31)
    scheduler.look()
    assert rings(valkey, Queue.TRAIN) == 1
    valkey.flush()
    scheduler.look()
    assert rings(valkey, Queue.TRAIN) == 1


def test_a_lost_job_is_queued_again_and_rung_for(database, make_scheduler, valkey):
    job_id = add_job(database)
    lose(database, job_id)
    make_scheduler().look()
    job = read(database, job_id)
    assert (job.state, job.owner, job.lease_until) == (JobState.QUEUED, None, None)
    assert rings(valkey, Queue.TRAIN) == 1


def test_a_job_that_is_held_is_left_alone(database, make_scheduler, valkey):
    job_id = add_job(database)
    with database.write() as session:
        leases.claim(session, job_id, "here:1", 60)
    make_scheduler().look()
    assert read(database, job_id).state == JobState.RUNNING
    assert rings(valkey, Queue.TRAIN) == 0


@pytest.mark.parametrize("jump_seconds", [3600.0, -3600.0])
def test_a_clock_that_jumps_gives_every_worker_a_lease_to_tell_that_it_is_there(
    database, make_scheduler, monkeypatch, caplog, jump_seconds
):
    job_id = add_job(database)
    scheduler = make_scheduler()
    scheduler.look()
    lose(database, job_id)
    now, counted = time.time, time.monotonic
    monkeypatch.setattr("service.scheduler.time.time", lambda: now() + jump_seconds)
    scheduler.look()
    scheduler.look()
    assert read(database, job_id).state == JobState.RUNNING
    (warning,) = [record for record in caplog.records if record.name == "service.scheduler"]
    assert f"jumped by {jump_seconds:+.0f} s" in warning.getMessage()
    monkeypatch.setattr("service.scheduler.time.time", lambda: now() + jump_seconds + 60)
    monkeypatch.setattr("service.scheduler.time.monotonic", lambda: counted() + 60)
    scheduler.look()
    assert read(database, job_id).state == JobState.QUEUED


def test_two_schedulers_at_once_recover_each_job_once(database, make_scheduler, valkey):
    job_ids = [add_job(database) for _ in range(12)]
    for job_id in job_ids:
        lose(database, job_id)
    over = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(make_scheduler().run, over) for _ in range(2)]
        threading.Timer(1.0, over.set).start()
        for run in runs:
            run.result(timeout=20)
    for job_id in job_ids:
        assert states_told(database, job_id) == ["QUEUED", "RUNNING", "QUEUED"]
        assert read(database, job_id).state == JobState.QUEUED
    assert 12 <= rings(valkey, Queue.TRAIN) <= 24
    with database.write() as session:  # however often it rang, one worker gets each
        claims = [leases.claim(session, job_id, "w:1", 60) for job_id in job_ids * 2]
    assert sum(claim is not None for claim in claims) == 12


@pytest.fixture
def store(settings):
    return ArtifactStore(settings.artifact_dir)


def add_ingest(database, store):
    """A data set being ingested, its job at its last attempt and its worker lost."""
    blob = publish_blob(database, store, b"genotype\ttiter\n", owner=OWNER)
    with database.write() as session:
        request = Request(id=None, sha256="0" * 64)
        job, _ = jobs.create_job(
            session, OWNER, JobKind.INGEST, {}, subject_id="dataset_1", request=request
        )
        given = {"name": "d", "spec": {}, "source": blob, "job_id": job.id}
        uploads.add_upload(session, OWNER, "dataset_1", record=DatasetRecord, **given)
        job.attempt_count = MAX_ATTEMPTS - 1
        job_id = job.id
    lose(database, job_id)
    return job_id, blob


def test_a_data_set_whose_worker_is_lost_too_often_fails_and_leaves_no_blob(
    database, make_scheduler, store
):
    job_id, blob = add_ingest(database, store)
    make_scheduler().look()
    assert read(database, job_id).state == JobState.FAILED
    with database.read() as session:
        dataset = session.get_one(DatasetRecord, "dataset_1")
    assert dataset.state == DatasetState.FAILED
    assert dataset.error["reason"] == "WORKER_LOST"
    with pytest.raises(NotFoundError):
        store.path(blob.sha256)


def test_a_gene_table_whose_worker_is_lost_too_often_fails_and_leaves_no_blob(
    database, make_scheduler, store
):
    blob = publish_blob(database, store, b"locus\tx\n", owner=OWNER)
    with database.write() as session:
        request = Request(id=None, sha256="0" * 64)
        job, _ = jobs.create_job(
            session, OWNER, JobKind.GENE_TABLE, {}, subject_id="genes_1", request=request
        )
        given = {"name": "g", "spec": {}, "source": blob, "job_id": job.id}
        uploads.add_upload(session, OWNER, "genes_1", record=GeneTableRecord, **given)
        job.attempt_count = MAX_ATTEMPTS - 1
        job_id = job.id
    lose(database, job_id)
    make_scheduler().look()
    with database.read() as session:
        table = session.get_one(GeneTableRecord, "genes_1")
    assert (table.state, table.error["reason"]) == (DatasetState.FAILED, "WORKER_LOST")
    with pytest.raises(NotFoundError):
        store.path(blob.sha256)


def test_a_data_set_with_an_attempt_left_is_tried_again(database, make_scheduler, store, valkey):
    job_id, blob = add_ingest(database, store)
    with database.write() as session:
        session.get_one(JobRecord, job_id).attempt_count = 1
    make_scheduler().look()
    with database.read() as session:
        assert session.get_one(DatasetRecord, "dataset_1").state == DatasetState.INGESTING
    assert rings(valkey, Queue.BATCH) == 1
    assert store.path(blob.sha256).exists()


def test_what_a_lost_worker_left_unfinished_goes_with_its_lease(database, make_scheduler, store):
    lost, held = (add_job(database) for _ in range(2))
    folders = []
    for job_id in (lost, held):
        with database.write() as session:
            job = leases.claim(session, job_id, "worker:1", 60)
            folders.append(store.scratch(leases.Lease(job_id, job.fence).name))
        (folders[-1] / "table.parquet").write_bytes(b"PAR1")
    with database.write() as session:
        session.get_one(JobRecord, lost).lease_until = utc_now() - timedelta(seconds=1)
    make_scheduler().look()
    assert [folder.exists() for folder in folders] == [False, True]


def test_a_broker_that_is_away_costs_no_ring(database, make_scheduler, valkey, tmp_path):
    job_id = add_job(database)
    make_scheduler(f"unix://{tmp_path}/nobody.sock").look()
    assert read(database, job_id).dispatch_time is None
    make_scheduler().look()
    assert rings(valkey, Queue.TRAIN) == 1


def test_a_disk_that_fails_is_no_reason_to_stop(make_scheduler, monkeypatch):
    over = threading.Event()

    def fail(*_):
        over.set()
        raise PermissionError("the disk says no")

    scheduler = make_scheduler()
    monkeypatch.setattr(scheduler._store, "sweep", fail)
    scheduler.run(over)


def test_workers_long_silent_are_forgotten(database, make_scheduler, settings):
    with database.write() as session:
        for name in ("old", "new"):
            workers.beat(session, name, queues=[Queue.TRAIN], host="h", pid=1)
    with database.write() as session:
        silent = timedelta(seconds=11 * settings.worker_stale_seconds)
        session.get_one(WorkerRecord, "old").heartbeat_time = utc_now() - silent
    make_scheduler().look()
    with database.read() as session:
        assert session.scalars(select(WorkerRecord.id)).all() == ["new"]


def test_after_a_takeover_jobs_of_a_dead_deployment_go_on_at_once(database, make_scheduler, valkey):
    running, cancelling, waiting = (add_job(database) for _ in range(3))
    with database.write() as session:
        for job_id in (running, cancelling):
            leases.claim(session, job_id, "killed:1", 3600)
        jobs.request_cancel(session, OWNER.project_id, JobKind.TRAINING, cancelling)
        workers.beat(session, "killed:1", queues=[Queue.TRAIN], host="h", pid=1)
    with database.write() as session:
        take_over(session)
        assert workers.live_queues(session, 20) == set()
    make_scheduler().look()
    states = [read(database, job_id).state for job_id in (running, cancelling, waiting)]
    assert states == [JobState.QUEUED, JobState.CANCELLED, JobState.QUEUED]
    assert rings(valkey, Queue.TRAIN) == 2


def test_a_promotion_that_nobody_loads_in_time_has_failed(settings, database, make_scheduler):
    context = Context.of(settings)
    model_id = add_model(context)
    with database.write() as session:
        workers.beat(session, "silent@here", queues=[Queue.INFERENCE], host="here", pid=1)
        begin = partial(promotions.begin_promotion, session, OWNER_OF_ROWS, model_id, note="")
        slow = begin("slow", figures=lambda _: [], timeout_seconds=0).id
        waiting = begin("waiting", figures=lambda _: [], timeout_seconds=60).id
    make_scheduler().look()
    with database.read() as session:
        states = [promotions.get_promotion(session, "default", one) for one in (slow, waiting)]
    assert [promotion.state for promotion in states] == ["FAILED", "PENDING"]
    assert "0 of 1 live inference workers" in states[0].error["detail"]
    context.database.close()
    context.dispatcher.close()
