"""Who is next: the higher class, then the older; a caller at the limit lets others pass."""

import subprocess
import sys
from collections import Counter

import pytest

from service.contract.errors import ResourceExhaustedError
from service.contract.jobs import JobKind, JobState, Queue
from service.contract.records import JobRecord
from service.contract.repositories import jobs, leases, queue, workers
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request

ADA, BOB = Owner("lab", "ada"), Owner("lab", "bob")


@pytest.fixture
def add(database):
    def make(priority=None, owner=ADA, kind=JobKind.TRAINING):
        spec = {} if priority is None else {"priority": priority}
        with database.write() as session:
            job, _ = jobs.create_job(
                session, owner, kind, spec, subject_id="it", request=Request(None, "0" * 64)
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


def test_no_more_may_wait_than_a_caller_may_have(database, add, claim):
    job_id = add()
    add(owner=BOB)
    with database.write() as session:
        queue.require_room(session, ADA, 2)
        with pytest.raises(ResourceExhaustedError, match="1 of your jobs are QUEUED"):
            queue.require_room(session, ADA, 1)
    claim(job_id)
    with database.write() as session:
        queue.require_room(session, ADA, 1)


def test_a_job_that_waits_knows_its_place(database, add, claim, finish):
    done, at_work, waits, low = add(), add(), add(), add("low")
    urgent = add("high")

    def place(job_id):
        with database.read() as session:
            return queue.place_of(session, session.get_one(JobRecord, job_id), 60)

    assert place(urgent) == queue.Place(1, None)  # no worker lives
    assert place(low) == queue.Place(5, None)
    with database.write() as session:
        workers.beat(session, "w", queues=[Queue.TRAIN], host="h", pid=1)
    assert place(urgent) == queue.Place(1, 0.0)
    assert place(low).expected_start_seconds is None  # nothing tells how long a job takes
    assert claim(done) == urgent
    finish(urgent)
    assert [claim(done), claim(done)] == [done, at_work]
    with database.write() as session:
        for job_id, seconds in ((done, 8.0), (at_work, 5.0)):
            session.get_one(JobRecord, job_id).estimated_seconds_left = seconds
        ended = session.get_one(JobRecord, urgent)
        typical = (ended.end_time - ended.start_time).total_seconds()
    assert place(done) is None
    assert place(waits) == queue.Place(1, 5.0)
    assert place(low) == queue.Place(2, pytest.approx(5.0 + typical))


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
