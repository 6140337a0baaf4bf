"""Work that does not look whether it should stop: its job ends all the same, and its process."""

import signal
import subprocess
import sys

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.jobs import JobKind
from service.contract.repositories import jobs, leases
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request

pytestmark = pytest.mark.slow

# A worker with a job that keeps a checkpoint, and then draws a picture for a minute.
WORKER = """
import signal, sys, time
from pathlib import Path
from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.settings import Settings
from worker.tasks import heartbeat, stopping
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime

url, data_dir, job_id = sys.argv[1:]
heartbeat.LOST_SECONDS = 1.0
stopping.listen()
settings = Settings(data_dir=Path(data_dir), database_url=url, heartbeat_seconds=0.1)
runtime = Runtime(settings, Database(url), ArtifactStore(settings.artifact_dir))

def draw(held):
    held.save_checkpoint(b"half of it")
    print("drawing", flush=True)
    time.sleep(60)

def query(held):
    print("drawing", flush=True)
    try:
        while not held.should_stop():
            time.sleep(0.05)
    except BaseException:  # as DuckDB does, of whatever the handler of a signal raises
        raise RuntimeError("Query interrupted")
    held.require_going()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))  # as Celery's pool does
run_job(runtime, job_id, WORK)
print("done", flush=True)
"""


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def begin(database, database_url, tmp_path):
    """Starts a worker on a new job of some kind; gives the job's id, once it draws."""
    started = []

    def begin(kind=JobKind.TRAINING, work="draw", **spec):
        with database.write() as session:
            owner, request = Owner("lab", "ada"), Request(None, "")
            job, _ = jobs.create_job(session, owner, kind, spec, subject_id="x", request=request)
        program = WORKER.replace("WORK", work)
        command = [sys.executable, "-c", program, database_url, str(tmp_path), job.id]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"drawing\n"
        return job.id, process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def read(database):
    def read(job_id, kind=JobKind.TRAINING):
        with database.read() as session:
            return jobs.get_job(session, "lab", kind, job_id)

    return read


@pytest.mark.parametrize("kind", [JobKind.TRAINING, JobKind.SEARCH])
def test_a_cancel_ends_the_job_in_the_middle_of_a_long_step(database, begin, read, kind):
    job_id, worker = begin(kind)
    with database.write() as session:
        jobs.request_cancel(session, "lab", kind, job_id)
    assert worker.wait(timeout=30) == 0
    assert read(job_id, kind).state == "CANCELLED"


def test_a_worker_that_goes_hands_back_from_its_last_checkpoint(begin, read, tmp_path):
    job_id, worker = begin()
    worker.send_signal(signal.SIGUSR2)
    assert worker.wait(timeout=30) == 0
    job = read(job_id)
    assert (job.state, job.attempt_count) == ("QUEUED", 0)
    assert ArtifactStore(tmp_path / "artifacts").read(job.checkpoint_sha256) == b"half of it"
    assert list((tmp_path / "artifacts" / "incoming").iterdir()) == []


def test_a_worker_that_is_told_to_end_hands_back_and_ends(begin, read):
    job_id, worker = begin(work="query")
    worker.terminate()
    assert worker.wait(timeout=30) == 5
    job = read(job_id)
    assert (job.state, job.attempt_count, job.error) == ("QUEUED", 0, None)


def test_a_time_limit_ends_a_job_with_a_named_reason(begin, read):
    job_id, worker = begin(time_limit_seconds=0.3)
    assert worker.wait(timeout=30) == 0
    job = read(job_id)
    assert (job.state, job.error["reason"]) == ("FAILED", "DEADLINE_EXCEEDED")
    assert "time_limit_seconds, 0.3 s" in job.error["detail"]
    assert job.checkpoint_sha256 is not None


@pytest.mark.parametrize(("work", "said"), [("draw", b""), ("query", b"done\n")])
def test_a_lost_lease_ends_work_that_looks_and_the_process_of_work_that_does_not(
    database, begin, read, work, said
):
    job_id, worker = begin(work=work)
    with database.write() as session:
        leases.lose(session, leases.Lease(job_id, read(job_id).fence))
    assert worker.wait(timeout=30) == 0
    assert worker.stdout.read() == said
    assert (read(job_id).state, read(job_id).attempt_count) == ("QUEUED", 1)
