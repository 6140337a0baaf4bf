"""The lease: one holder, and nothing written by a worker that was taken for dead."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain

import pytest

from service.contract.errors import LeaseLostError
from service.contract.jobs import EventType, JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import events, jobs, leases

EXPIRED = -1.0


def claim(database, job_id, lease_seconds=60.0, owner="worker"):
    with database.write() as session:
        job = leases.claim(session, job_id, owner, lease_seconds)
        return None if job is None else leases.Lease(job.id, job.fence)


def recover(database):
    with database.write() as session:
        return [job.id for job in leases.recover_expired(session)]


def read(database, job_id):
    with database.read() as session:
        return jobs.get_job(session, "lab", JobKind.TRAINING, job_id)


def test_of_many_claims_one_wins(database, new_job):
    job_id = new_job()
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda i: claim(database, job_id, owner=str(i)), range(16)))
    assert sum(lease is not None for lease in claims) == 1


def test_an_expired_lease_is_queued_again_and_its_worker_writes_nothing(database, new_job):
    job_id = new_job()
    old = claim(database, job_id, EXPIRED)
    assert recover(database) == [job_id]
    new = claim(database, job_id)
    assert new.fence > old.fence
    for write in (
        lambda s: leases.heartbeat(s, old, 60),
        lambda s: leases.finish(s, old, JobState.SUCCEEDED),
        lambda s: leases.release(s, old),
        lambda s: leases.set_checkpoint(s, old, "c" * 64),
        lambda s: events.append_event(s, job_id, EventType.PROGRESS, {}, fence=old.fence),
    ):
        with pytest.raises(LeaseLostError), database.write() as session:
            write(session)
    assert read(database, job_id).state == JobState.RUNNING


class AnHourAhead(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=1)


def test_of_hosts_on_postgresql_no_clock_but_the_database_s_counts(database, new_job, monkeypatch):
    early, late = new_job(), new_job()
    claim(database, early)
    monkeypatch.setattr("service.contract.database.datetime", AnHourAhead)
    claim(database, late, EXPIRED)
    assert set(recover(database)) == ({early, late} if database.is_sqlite else {late})


def test_two_recoverers_move_a_job_once(database, new_job):
    ids = [new_job() for _ in range(10)]
    for job_id in ids:
        claim(database, job_id, EXPIRED)
    with ThreadPoolExecutor(4) as pool:
        moved = list(chain.from_iterable(pool.map(lambda _: recover(database), range(4))))
    assert sorted(moved) == sorted(ids)


def test_the_third_lost_worker_ends_the_job(database, new_job):
    job_id = new_job()
    for _ in range(leases.MAX_ATTEMPTS):
        claim(database, job_id, EXPIRED)
        recover(database)
    job = read(database, job_id)
    assert job.state == JobState.FAILED
    assert job.error["reason"] == "WORKER_LOST"


def test_handing_back_costs_no_attempt(database, new_job):
    job_id = new_job()
    for _ in range(5):
        lease = claim(database, job_id)
        with database.write() as session:
            leases.release(session, lease)
    assert read(database, job_id).state == JobState.QUEUED
    assert read(database, job_id).attempt_count == 0


def test_a_cancelling_job_whose_worker_died_is_cancelled(database, new_job):
    job_id = new_job()
    claim(database, job_id, EXPIRED)
    with database.write() as session:
        jobs.request_cancel(session, "lab", JobKind.TRAINING, job_id)
    recover(database)
    assert read(database, job_id).state == JobState.CANCELLED


def test_an_unheard_bell_is_listed_until_rung(database, new_job):
    job_id = new_job()
    with database.write() as session:
        assert leases.list_undispatched(session, 60) == [(job_id, JobKind.TRAINING, None)]
        jobs.mark_dispatched(session, job_id)
        assert leases.list_undispatched(session, 60) == []
        assert leases.list_undispatched(session, -1) == [(job_id, JobKind.TRAINING, None)]


def test_sequences_have_no_gap_under_parallel_writers(database, new_job):
    job_id = new_job()

    def write(_):
        with database.write() as session:
            events.append_event(session, job_id, EventType.PROGRESS, {"fraction": 0.5})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with database.read() as session:
        found = events.list_events(session, {job_id: 0})
        assert events.last_sequences(session, [job_id]) == {job_id: 41}
    assert [event.sequence for _, event in found] == list(range(1, 42))


def test_a_job_is_taken_by_a_worker_with_as_many_gpus(database, new_job):
    job_id = new_job()
    with database.write() as session:
        session.get_one(JobRecord, job_id).gpu_count = 2
        jobs.mark_dispatched(session, job_id)
    for gpu_count, is_taken in ((0, False), (1, False), (2, True)):
        with database.write() as session:
            job = leases.claim_next(session, job_id, "worker", 60, gpu_count=gpu_count)
        assert (job is not None) == is_taken
        # Whose worker may not take it, is rung for again.
        assert read(database, job_id).dispatch_time is None
    assert read(database, job_id).attempt_count == 1


def test_who_has_spent_the_bell_of_a_larger_job_has_it_rung_again(database, new_job):
    plain, large = new_job(), new_job()
    with database.write() as session:
        session.get_one(JobRecord, large).gpu_count = 2
        for job_id in (plain, large):
            jobs.mark_dispatched(session, job_id)
    taken = []
    for bell in (large, plain):  # a worker without GPUs hears both
        with database.write() as session:
            taken.append(leases.claim_next(session, bell, "worker", 60))
    assert [job and job.id for job in taken] == [plain, None]
    with database.read() as session:
        waiting = leases.list_undispatched(session, 60, gpu_count=2)
    assert [(one.job_id, one.kind) for one in waiting] == [(large, JobKind.TRAINING)]


def test_a_bell_is_rung_for_whom_a_live_worker_can_take(database, new_job):
    plain, large = new_job(), new_job()
    with database.write() as session:
        session.get_one(JobRecord, large).gpu_count = 2
    with database.read() as session:
        for gpu_count, ids in ((0, {plain}), (1, {plain}), (2, {plain, large})):
            waiting = leases.list_undispatched(session, 30, gpu_count=gpu_count)
            assert {job.job_id for job in waiting} == ids
            assert leases.count_queued(session, JobKind.TRAINING, gpu_count=gpu_count) == len(ids)


def test_the_start_is_that_of_the_first_attempt(database, new_job):
    job_id = new_job()
    claim(database, job_id, EXPIRED)
    began = read(database, job_id).start_time
    recover(database)
    claim(database, job_id)
    assert read(database, job_id).start_time == began
