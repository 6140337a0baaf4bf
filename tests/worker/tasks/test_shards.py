"""Work on a shard that another worker has by now: it stops, or its process ends."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.database import utc_now
from service.contract.jobs import EventType, JobKind
from service.contract.records import JobEventRecord, JobShardRecord
from service.contract.repositories import jobs, leases, shards
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime
from worker.tasks.shards import ShardProgress, ShardWork, do_all

pytestmark = pytest.mark.slow

SPECS = [{"begin": 0, "end": 10}]

# A worker that does a shard, of its own job or of another's.
WORKER = """
import sys, time
from pathlib import Path
from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.repositories import shards
from service.contract.settings import Settings
from worker.tasks import heartbeat, stopping
from worker.tasks.held_jobs import JobStoppedError
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime
from worker.tasks.shards import ShardStoppedError, ShardWork

url, data_dir, job_id = sys.argv[1:]
heartbeat.LOST_SECONDS = 1.0
settings = Settings(data_dir=Path(data_dir), database_url=url, heartbeat_seconds=0.1)
runtime = Runtime(settings, Database(url), ArtifactStore(settings.artifact_dir))
SPECS = [{"begin": 0, "end": 10}]

def begin(watch):
    (runtime.store.scratch(watch.scratch) / "half").write_text("half of it")
    print("at work", flush=True)

def hang(watch):
    begin(watch)
    time.sleep(60)  # in C, where nobody asks

def look(watch):
    begin(watch)
    while not watch.should_stop():
        time.sleep(0.05)
    raise ShardStoppedError

def help_with():
    assert not ShardWork(runtime, job_id, SPECS, DO, should_stop=stopping.is_asked).do_next()

def own(held):
    with runtime.database.write() as session:
        shards.plan_shards(session, held.job, SPECS)
    options = {"should_stop": held.should_stop, "give_up": held.give_up}
    ShardWork(runtime, job_id, SPECS, DO, **options).do_next()
    raise JobStoppedError

help_with() if IS_HELPER else run_job(runtime, job_id, own)
print("done", flush=True)
"""


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def queued(database):
    """Makes a job that waits, and gives its id."""

    def queued():
        with database.write() as session:
            owner, request = Owner("lab", "ada"), Request(None, "")
            kind = JobKind.SEARCH
            job, _ = jobs.create_job(session, owner, kind, {}, subject_id="x", request=request)
            return job.id

    return queued


@pytest.fixture
def begin(database, database_url, queued, tmp_path):
    """Starts a worker on a job's only shard; gives the job's id, once it is at work."""
    started = []

    def begin(work, *, is_helper):
        job_id = queued()
        if is_helper:
            with database.write() as session:
                shards.plan_shards(session, leases.claim(session, job_id, "owner", 60), SPECS)
        program = WORKER.replace("DO", work).replace("IS_HELPER", str(is_helper))
        command = [sys.executable, "-c", program, database_url, str(tmp_path), job_id]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"at work\n"
        return job_id, process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def _leaves_no_unfinished_file(tmp_path):
    yield
    assert list((tmp_path / "artifacts").glob("incoming/*")) == []


@pytest.fixture
def take_shard(database):
    """Takes the shard over, as another worker does once its lease has ended."""

    def take_shard(job_id):
        with database.write() as session:
            shard = session.get_one(JobShardRecord, (job_id, 0))
            shard.lease_until = utc_now() - timedelta(seconds=1)
            session.flush()
            return shards.claim_shard(session, job_id, "another", 60)

    return take_shard


@pytest.mark.parametrize(("work", "said"), [("hang", b""), ("look", b"done\n")])
def test_a_lost_shard_ends_work_that_looks_and_the_process_of_a_helper_that_does_not(
    database, begin, take_shard, work, said
):
    job_id, worker = begin(work, is_helper=True)
    lease = take_shard(job_id)
    assert worker.wait(timeout=30) == 0
    assert worker.stdout.read() == said
    with database.read() as session:
        shard = session.get_one(JobShardRecord, (job_id, 0))
        job = jobs.get_job(session, "lab", JobKind.SEARCH, job_id)
    assert (shard.state, shard.owner, shard.fence) == ("RUNNING", "another", lease.fence)
    assert (job.state, job.owner) == ("RUNNING", "owner")


def test_a_cancelled_job_ends_the_process_of_a_helper_that_does_not_look(database, begin):
    job_id, worker = begin("hang", is_helper=True)
    with database.write() as session:
        jobs.request_cancel(session, "lab", JobKind.SEARCH, job_id)
    assert worker.wait(timeout=30) == 0
    assert worker.stdout.read() == b""


def test_a_job_whose_own_worker_hangs_in_a_lost_shard_goes_to_another(database, begin, take_shard):
    """Else it would renew its lease for ever, and never put together what the others do."""
    job_id, worker = begin("hang", is_helper=False)
    take_shard(job_id)
    assert worker.wait(timeout=30) == 0
    with database.read() as session:
        job = jobs.get_job(session, "lab", JobKind.SEARCH, job_id)
    assert (job.state, job.owner, job.attempt_count) == ("QUEUED", None, 1)


def test_who_waits_for_the_shard_of_another_tells_of_it_once_a_second(database, queued, tmp_path):
    runtime = Runtime(Settings(data_dir=tmp_path), database, ArtifactStore(tmp_path / "artifacts"))

    def wait(held):
        with database.write() as session:
            shards.plan_shards(session, held.job, SPECS)
            lease = shards.claim_shard(session, held.job.id, "another", 60)
        finish = threading.Timer(1.5, lambda: finish_shard(database, lease))
        finish.start()
        work = ShardWork(runtime, held.job.id, SPECS, pytest.fail, should_stop=held.should_stop)
        do_all(held, work, ShardProgress(held, 10))
        finish.join()
        return lambda session, job: {}  # noqa: ARG005

    job_id = queued()
    run_job(runtime, job_id, wait)
    with database.read() as session:
        query = session.query(JobEventRecord).filter_by(type=EventType.PROGRESS.value)
        told = [event.data["evaluated_count"] for event in query.order_by(JobEventRecord.sequence)]
        assert jobs.get_job(session, "lab", JobKind.SEARCH, job_id).state == "SUCCEEDED"
    assert told == [0, 0, 10]


def finish_shard(database, lease):
    with database.write() as session:
        shards.finish_shard(session, lease, b"found", evaluated_count=10)
