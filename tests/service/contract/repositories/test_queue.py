"""Who is next: the higher class, then the older; a caller at the limit lets others pass."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from service.contract.errors import ResourceExhaustedError
from service.contract.jobs import JobKind, JobState, Queue
from service.contract.records import JobRecord
from service.contract.repositories import jobs, leases, queue, sweeps, workers
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request

ADA, BOB = Owner("lab", "ada"), Owner("lab", "bob")


@pytest.fixture
def add(database):
    def make(priority=None, owner=ADA, kind=JobKind.TRAINING, **more):
        spec = {} if priority is None else {"priority": priority}
        with database.write() as session:
            job, _ = jobs.create_job(
                session, owner, kind, spec, subject_id="it", request=Request(None, "0" * 64), **more
            )
            return job.id

    return make


@pytest.fixture
def claim(database):
    def take(rung_for, **limit):
        with database.write() as session:
            job = leases.claim_next(session, rung_for, "worker", 60, **limit)
            return job and job.id

    return take


@pytest.fixture
def finish(database):
    def end(job_id, state=JobState.SUCCEEDED):
        with database.write() as session:
            job = session.get_one(JobRecord, job_id)
            leases.finish(session, leases.Lease(job.id, job.fence), state)

    return end


def test_whichever_bell_is_heard_the_most_urgent_job_is_taken(add, claim):
    low, first, second = add("low"), add(), add("normal")
    high = add("high")
    add("high", kind=JobKind.SEARCH)
    bells = [low, first, second, high, low]
    assert [claim(bell) for bell in bells] == [high, first, second, low, None]


def test_a_caller_at_the_limit_lets_others_pass(database, add, claim, finish):
    first, waits, other = add(), add(), add(owner=BOB)
    assert claim(first, max_running=1) == first
    assert claim(waits, max_running=1) == other
    assert claim(waits, max_running=1) is None

    def undispatched():
        with database.read() as session:
            return [id_ for id_, *_ in leases.list_undispatched(session, 60, max_running=1)]

    assert undispatched() == []  # no bell would be answered
    finish(first)
    assert undispatched() == [waits]
    assert claim(waits, max_running=1) == waits


def test_ingests_have_no_limit(add, claim):
    uploads = [add(kind=JobKind.INGEST) for _ in range(3)]
    assert [claim(bell, max_running=1) for bell in uploads] == uploads


def require_room(database, owner, max_queued):
    with database.write() as session:
        queue.lock_owner(session, owner)
        queue.require_room(session, owner, max_queued)


def test_no_more_may_wait_than_a_caller_may_have(database, add, claim):
    job_id = add()
    add(owner=BOB)
    require_room(database, ADA, 2)
    with pytest.raises(ResourceExhaustedError, match="as may, 1 "):
        require_room(database, ADA, 1)
    claim(job_id)
    require_room(database, ADA, 1)


@pytest.mark.parametrize("kind", [JobKind.INGEST, JobKind.GENE_TABLE, JobKind.NETWORK])
def test_an_ingest_that_waits_counts(database, add, kind):
    add(kind=kind)
    with pytest.raises(ResourceExhaustedError):
        require_room(database, ADA, 1)


def test_a_sweep_counts_as_one_until_it_has_ended_whatever_jobs_of_it_wait(database, add):
    with database.write() as session:
        sweep = sweeps.add_sweep(session, ADA, {}, dataset_id="it", request=Request(None, "0" * 64))
    trial = add(sweep_id=sweep.id, trial_number=0)
    add(sweep_id=sweep.id)  # of its winner
    require_room(database, ADA, 2)
    with pytest.raises(ResourceExhaustedError):
        require_room(database, ADA, 1)
    with database.write() as session:
        sweeps.cancel_sweep(session, sweeps.get_sweep(session, "lab", sweep.id, lock=True))
    require_room(database, ADA, 1)
    with database.write() as session:
        jobs.resume_job(session, "lab", JobKind.TRAINING, trial)
    with pytest.raises(ResourceExhaustedError):
        require_room(database, ADA, 1)  # nothing else bounds it now


def test_of_sixteen_posts_at_once_as_many_are_taken_as_may_wait(database, add):
    def post(_):
        with database.write() as session:
            queue.lock_owner(session, ADA)
            try:
                queue.require_room(session, ADA, 1)
            except ResourceExhaustedError:
                return 0
            request = Request(None, "0" * 64)
            jobs.create_job(session, ADA, JobKind.SEARCH, {}, subject_id="it", request=request)
            return 1

    add(owner=BOB)
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(post, range(16))) == 1


@pytest.fixture
def place(database):
    def read(job_id, max_running=None):
        with database.read() as session:
            job = session.get_one(JobRecord, job_id)
            return queue.place_of(session, job, 60, max_running)

    return read


def live(database, worker_id, gpu_count=0):
    told = {"queues": [Queue.TRAIN], "host": "h", "pid": 1, "gpu_count": gpu_count}
    with database.write() as session:
        workers.beat(session, worker_id, **told)


def set_left(database, job_id, seconds):
    with database.write() as session:
        session.get_one(JobRecord, job_id).estimated_seconds_left = seconds


def test_a_job_that_waits_knows_its_place(database, add, claim, finish, place):
    done, at_work, waits, low = add(), add(), add(), add("low")
    urgent = add("high")
    assert place(urgent) is None  # no worker lives
    live(database, "w")
    assert place(urgent) == queue.Place(1, 0.0)
    assert place(low) == queue.Place(5, None)  # nothing tells how long a job takes
    assert claim(done) == urgent
    finish(urgent)
    assert [claim(done), claim(done)] == [done, at_work]
    set_left(database, done, 8.0)
    set_left(database, at_work, 5.0)
    with database.read() as session:
        ended = session.get_one(JobRecord, urgent)
        typical = (ended.end_time - ended.start_time).total_seconds()
    assert place(done) is None
    assert place(waits) == queue.Place(1, 5.0)
    assert place(low) == queue.Place(2, pytest.approx(5.0 + typical))


def test_a_job_that_no_worker_can_take_has_no_place_and_is_before_nobody(database, add, place):
    live(database, "w", 1)
    large, plain = add(gpu_count=4), add()
    assert place(large) is None
    assert place(plain) == queue.Place(1, 0.0)
    live(database, "x", 4)
    assert place(large) == queue.Place(1, 0.0)
    assert place(plain).queue_position == 2


def test_a_start_is_expected_of_workers_that_can_take_the_job(database, add, claim, place):
    live(database, "worker")  # without a GPU, and at work
    live(database, "x", 1)
    set_left(database, claim(add()), 8.0)
    large = add(gpu_count=1)
    assert place(large) == queue.Place(1, 0.0)


def test_a_caller_at_the_limit_is_not_before_others(database, add, claim, finish, place):
    live(database, "w")
    live(database, "x")
    first, second, third, other = add(), add(), add(), add(owner=BOB)
    assert place(other).queue_position == 4
    assert place(other, 2).queue_position == 3  # two of the three may run at once
    finish(claim(add("high", owner=Owner("lab", "eve"))))  # tells how long a job takes
    assert claim(first, max_running=1) == first
    set_left(database, first, 90.0)
    assert place(other, 1) == queue.Place(1, 0.0)
    assert place(second, 1) == queue.Place(1, 90.0)  # the second worker is not for it
    assert place(third, 1) == queue.Place(2, pytest.approx(90.0, abs=10))
    assert place(second, 2) == queue.Place(1, 0.0)


class AnHourAhead(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=1)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_job_begins_and_ends_by_one_clock(database, add, claim, finish, monkeypatch):
    job_id = add()
    claim(job_id)
    monkeypatch.setattr("service.contract.database.datetime", AnHourAhead)
    finish(job_id)
    with database.read() as session:
        job = session.get_one(JobRecord, job_id)
    assert timedelta(0) <= job.end_time - job.start_time < timedelta(minutes=30)


@pytest.mark.parametrize(
    ("ahead", "left", "worker_count", "typical", "expected"),
    [
        (0, [], 0, 9.0, None),  # nobody would start it
        (0, [], 1, None, 0.0),
        (3, [], 1, None, None),
        (3, [], 1, 10.0, 30.0),
        (3, [], 2, 10.0, 10.0),
        (0, [7.0], 2, None, 0.0),
        (0, [7.0, 4.0], 2, None, 4.0),
        (1, [7.0, 4.0], 2, 10.0, 7.0),
        (2, [7.0, 4.0], 2, 10.0, 14.0),
        (0, [None, 4.0], 2, 10.0, 4.0),
        (0, [None], 1, None, None),
        (0, [7.0, 4.0, 2.0], 1, 10.0, 2.0),  # more at work than workers that are heard of
    ],
)
def test_a_start_is_expected_when_a_worker_is_free(ahead, left, worker_count, typical, expected):
    assert queue.expected_start(ahead, left, worker_count, typical) == expected


WORKER = """
import sys
from service.contract.database import Database
from service.contract.repositories import leases
url, name, *bells = sys.argv[1:]
database = Database(url, pool_size=1)
sys.stdin.readline()
for bell in bells:
    with database.write() as session:
        job = leases.claim_next(session, bell, name, 60)
        if job is not None:
            print(job.id, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_of_a_thousand_jobs_and_sixteen_workers_each_is_claimed_once(database_url, database, add):
    made = [add() for _ in range(1000)]
    command = [sys.executable, "-c", WORKER, database_url]
    started = [
        subprocess.Popen(
            # Every bell is heard by three workers.
            [*command, f"worker-{n}", *made[n::16], *made[n - 1 :: 16], *made[n - 2 :: 16]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(2, 18)
    ]
    claimed = Counter()
    for worker in started:  # all together
        worker.stdin.write("go\n")
        worker.stdin.flush()
    by_worker = [worker.communicate(timeout=240)[0].split() for worker in started]
    assert [worker.returncode for worker in started] == [0] * 16
    for ids in by_worker:
        claimed.update(ids)
    assert claimed == Counter(made)
    assert all(by_worker)
    with database.read() as session:
        rows = [session.get_one(JobRecord, job_id) for job_id in made]
    assert {(row.state, row.fence, row.attempt_count) for row in rows} == {("RUNNING", 1, 1)}
