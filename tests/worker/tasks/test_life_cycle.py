"""One life for every job: whatever the work does, the row ends in a true state."""

import resource
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.errors import BadTableError, Offender
from service.contract.jobs import EventType, JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import events, jobs
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from worker.tasks import stopping
from worker.tasks.held_jobs import JobStoppedError
from worker.tasks.ingest_progress import IngestProgress
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime


@pytest.fixture
def runtime(database, tmp_path):
    settings = Settings(data_dir=tmp_path, heartbeat_seconds=0.05)
    return Runtime(settings, database, ArtifactStore(tmp_path / "artifacts"))


@pytest.fixture
def job_id(database):
    with database.write() as session:
        job, _ = jobs.create_job(
            session,
            Owner("lab", "ada"),
            JobKind.TRAINING,
            {},
            subject_id="dataset_1",
            request=Request(None, ""),
        )
        return job.id


@pytest.fixture
def read(database, job_id):
    def read():
        with database.read() as session:
            return jobs.get_job(session, "lab", JobKind.TRAINING, job_id)

    return read


def complete(_session, _job):
    return {"done": True}


def wait_until_stopped(held):
    for _ in range(200):
        if held.should_stop():
            raise JobStoppedError
        threading.Event().wait(0.02)
    raise AssertionError("nobody asked the work to stop")


def test_finished_work_succeeds(runtime, job_id, read):
    run_job(runtime, job_id, lambda _: complete)
    assert (read().state, read().result, read().fraction) == ("SUCCEEDED", {"done": True}, 1.0)


def test_an_ingest_tells_its_share_and_what_is_left(runtime, job_id, read):
    told = []

    def work(held):
        tell = IngestProgress(held)
        for fraction in (0.0, 0.25):
            threading.Event().wait(0.1)
            tell(fraction)
            told.append((read().fraction, read().estimated_seconds_left))
        return complete

    run_job(runtime, job_id, work)
    assert told[0] == (0.0, None)
    assert told[1][0] == 0.25
    assert told[1][1] >= 3 * 0.2


def test_a_second_bell_does_nothing(runtime, job_id, read):
    run_job(runtime, job_id, lambda _: complete)
    run_job(runtime, job_id, lambda _: pytest.fail("claimed twice"))
    assert read().attempt_count == 1


def test_a_known_error_is_the_problem_of_the_job(runtime, job_id, read):
    def work(_):
        raise BadTableError("row 7 is wrong", [Offender(message="no number", row=7, column="y")])

    told = []
    run_job(runtime, job_id, work, lambda _, job: told.append(job.id))
    assert read().state == JobState.FAILED
    assert read().error["errors"] == [{"message": "no number", "row": 7, "column": "y"}]
    assert told == [job_id]


def test_an_unexpected_error_does_not_show_its_text(runtime, job_id, read):
    def work(_):
        raise RuntimeError("secret")

    run_job(runtime, job_id, work)
    assert read().state == JobState.FAILED
    assert "secret" not in str(read().error)


@pytest.fixture
def on_postgresql(postgresql_url, tmp_path):
    database = Database(postgresql_url)
    settings = Settings(data_dir=tmp_path, heartbeat_seconds=0.05)
    yield Runtime(settings, database, ArtifactStore(tmp_path / "artifacts"))
    database.close()


def new_job(database):
    owner, request = Owner("lab", "ada"), Request(None, "")
    with database.write() as session:
        job, _ = jobs.create_job(
            session, owner, JobKind.TRAINING, {}, subject_id="dataset_1", request=request
        )
        return job.id


def break_off(session):
    session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_result_that_the_database_broke_off_is_left_to_recovery(on_postgresql):
    job_id = new_job(on_postgresql.database)
    run_job(on_postgresql, job_id, lambda _: lambda session, _: break_off(session))
    with on_postgresql.database.read() as session:
        assert jobs.get_job(session, "lab", JobKind.TRAINING, job_id).state == JobState.RUNNING


def test_a_restart_of_the_database_does_not_end_the_work(on_postgresql):
    """Every connection breaks while an event and a checkpoint are written; both are kept."""
    runtime = on_postgresql
    job_id = new_job(runtime.database)

    def work(held):
        for write in (
            lambda: held.emit(EventType.PROGRESS, {"fraction": 0.5}),
            lambda: held.save_checkpoint(b"one"),
        ):
            lock = threading.Event()
            breaker = threading.Thread(target=break_who_waits, args=(runtime, job_id, lock))
            breaker.start()
            lock.wait()
            write()
            breaker.join()
        assert held.runtime.store.read(held_checkpoint(runtime, job_id)) == b"one"
        return complete

    run_job(runtime, job_id, work)
    with runtime.database.read() as session:
        assert jobs.get_job(session, "lab", JobKind.TRAINING, job_id).state == JobState.SUCCEEDED
        told = events.list_event_data(session, job_id, EventType.PROGRESS)
    assert told == [{"fraction": 0.5}]
    assert stored(runtime) == []


def break_who_waits(runtime, job_id, lock):
    """Hold the job's row until somebody waits for it, and break that one's connection off."""
    waiting = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with runtime.database.write() as session:
        session.get_one(JobRecord, job_id, with_for_update=True)
        lock.set()
        while not session.execute(waiting).all():
            session.execute(text("SELECT pg_sleep(0.02)"))
            session.execute(text("SELECT pg_stat_clear_snapshot()"))


def held_checkpoint(runtime, job_id):
    with runtime.database.read() as session:
        return session.get_one(JobRecord, job_id).checkpoint_sha256


def test_a_cancel_reaches_the_work(runtime, database, job_id, read):
    def work(held):
        with database.write() as session:
            jobs.request_cancel(session, "lab", JobKind.TRAINING, job_id)
        wait_until_stopped(held)

    run_job(runtime, job_id, work)
    assert read().state == JobState.CANCELLED


def test_a_cancel_that_no_heartbeat_has_heard_of_counts(runtime, database, job_id, read):
    """The work stops for another reason, such as its time limit, just after the cancel."""

    def work(held):
        with database.write() as session:
            jobs.request_cancel(session, "lab", JobKind.TRAINING, job_id)
        held.is_late.set()
        raise JobStoppedError

    run_job(runtime, job_id, work)
    assert (read().state, read().error) == (JobState.CANCELLED, None)


def test_a_worker_that_goes_hands_the_job_back(runtime, job_id, read, monkeypatch):
    monkeypatch.setattr(stopping, "_asked", threading.Event())

    def work(held):
        stopping.ask()
        wait_until_stopped(held)

    run_job(runtime, job_id, work)
    assert (read().state, read().attempt_count) == (JobState.QUEUED, 0)


def test_the_newest_checkpoint_is_kept_and_goes_with_success(runtime, job_id, read):
    def fail(held):
        held.save_checkpoint(b"one")
        held.save_checkpoint(b"two")
        raise BadTableError("stop here")

    run_job(runtime, job_id, fail)
    with runtime.database.write() as session:
        jobs.resume_job(session, "lab", JobKind.TRAINING, job_id)
    seen = []

    def go_on(held):
        seen.append(held.load_checkpoint())
        return complete

    run_job(runtime, job_id, go_on)
    assert seen == [b"two"]
    assert read().checkpoint_sha256 is None
    assert stored(runtime) == []


@pytest.mark.parametrize("left", [b"tw", b"TWO"])
def test_a_checkpoint_that_is_not_what_it_was_fails_the_job_and_stays(runtime, job_id, read, left):
    """Cut short, or altered: nobody starts over behind the user's back, and nothing goes."""

    def fail(held):
        held.save_checkpoint(b"two")
        raise BadTableError("stop here")

    run_job(runtime, job_id, fail)
    sha256 = read().checkpoint_sha256
    runtime.store.path(sha256).write_bytes(left)
    with runtime.database.write() as session:
        jobs.resume_job(session, "lab", JobKind.TRAINING, job_id)
    run_job(runtime, job_id, lambda held: held.load_checkpoint() and complete)
    assert (read().state, read().error["reason"]) == (JobState.FAILED, "BROKEN_ARTIFACT")
    assert sha256 in read().error["detail"]
    assert runtime.store.read(read().checkpoint_sha256) == left


@contextmanager
def files_of_at_most(size_bytes):
    """What a full disk is like, for this process and files only."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


ROOM_BYTES = 8 * 2**20  # for the database, not for what follows
LARGE = b"x" * (2 * ROOM_BYTES)


def test_a_checkpoint_without_room_leaves_the_one_before(runtime, job_id, read):
    def work(held):
        held.save_checkpoint(b"one")
        with files_of_at_most(ROOM_BYTES):
            held.save_checkpoint(LARGE)
        raise BadTableError("stop here")

    run_job(runtime, job_id, work)
    assert runtime.store.read(read().checkpoint_sha256) == b"one"
    assert [path.read_bytes() for path in stored(runtime)] == [b"one"]


def test_a_result_without_room_is_a_problem_with_a_name(runtime, job_id, read):
    def work(held):
        with files_of_at_most(ROOM_BYTES):
            held.seal(LARGE)

    run_job(runtime, job_id, work)
    assert read().state == JobState.FAILED
    assert read().error["reason"] == "STORAGE_FULL"
    assert stored(runtime) == []


def stored(runtime):
    return [path for path in runtime.settings.artifact_dir.rglob("*") if path.is_file()]


def test_a_checkpoint_whose_blob_is_gone_is_none(runtime, job_id, read):
    def fail(held):
        held.save_checkpoint(b"one")
        raise BadTableError("stop here")

    run_job(runtime, job_id, fail)
    for path in stored(runtime):
        path.unlink()
    with runtime.database.write() as session:
        jobs.resume_job(session, "lab", JobKind.TRAINING, job_id)
    seen = []
    run_job(runtime, job_id, lambda held: seen.append(held.load_checkpoint()) or complete)
    assert seen == [None]
    assert read().state == JobState.SUCCEEDED


def test_a_worker_that_lost_its_lease_leaves_no_checkpoint(runtime, database, job_id):
    def work(held):
        with database.write() as session:
            session.get_one(JobRecord, job_id).fence += 1  # another worker took the job over
        held.save_checkpoint(b"late")

    run_job(runtime, job_id, work)
    assert stored(runtime) == []


@pytest.mark.parametrize("error", [None, BadTableError("no"), JobStoppedError()])
def test_unfinished_files_go_when_the_job_ends(runtime, job_id, error):
    def work(held):
        (held.scratch / "table.parquet").write_bytes(b"PAR1")
        held.seal(b"a blob that nobody publishes")
        if error is not None:
            raise error
        return complete

    run_job(runtime, job_id, work)
    assert list((runtime.settings.artifact_dir / "incoming").iterdir()) == []


def test_progress_is_an_event_and_in_the_row(runtime, job_id, read, database):
    def work(held):
        held.emit(EventType.PROGRESS, {"fraction": 0.25, "estimated_seconds_left": 3.0})
        assert (read().fraction, read().estimated_seconds_left) == (0.25, 3.0)
        return complete

    run_job(runtime, job_id, work)
    with database.read() as session:
        kinds = [event.type for _, event in events.list_events(session, {job_id: 0})]
    assert kinds == ["state", "state", "progress", "state"]
