"""Shards: each has one holder, is done once, and outlives its worker."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.contract.errors import LeaseLostError, WorkerLostError
from service.contract.records import JobRecord
from service.contract.repositories import jobs, leases, shards
from service.contract.repositories.takeover import take_over

SPECS = [{"order": 2, "begin": begin, "end": begin + 10} for begin in range(0, 40, 10)]
EXPIRED = -1.0


@pytest.fixture
def job_id(database, new_job):
    """A running job with four shards."""
    job_id = new_job()
    with database.write() as session:
        job = leases.claim(session, job_id, "worker", 60)
        shards.plan_shards(session, job, SPECS)
    return job_id


def claim(database, job_id, owner="worker", lease_seconds=60.0):
    with database.write() as session:
        return shards.claim_shard(session, job_id, owner, lease_seconds)


def finish(database, lease, result=b"found", count=5):
    with database.write() as session:
        shards.finish_shard(session, lease, result, evaluated_count=count)


def counts(database, job_id):
    with database.read() as session:
        return shards.count_shards(session, job_id)


def test_who_knows_that_no_worker_is_left_has_its_shards_done_at_once(database, job_id):
    old = claim(database, job_id)
    with database.write() as session:
        take_over(session)
    new = claim(database, job_id)
    assert (new.number, new.fence) == (old.number, old.fence + 1)
    with pytest.raises(LeaseLostError):
        finish(database, old)


def test_of_many_claims_each_shard_has_one(database, job_id):
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda i: claim(database, job_id, str(i)), range(12)))
    taken = [lease.number for lease in claims if lease is not None]
    assert sorted(taken) == [0, 1, 2, 3]
    assert [lease.spec for lease in sorted(filter(None, claims), key=lambda x: x.number)] == SPECS


def test_what_is_done_is_kept_and_counted(database, job_id):
    finish(database, claim(database, job_id, "a"), b"first", 7)
    finish(database, claim(database, job_id, "b"), b"second", 4)
    held = claim(database, job_id)
    with database.write() as session:
        shards.renew_shard(session, held, 60, 2)
    assert counts(database, job_id) == shards.ShardCounts(4, 2, 13)
    with database.read() as session:
        assert shards.shard_results(session, job_id) == [b"first", b"second"]
        assert shards.owner_count(session, job_id) == 2


def test_a_lost_shard_is_done_by_the_next_and_the_lost_worker_writes_nothing(database, job_id):
    old = claim(database, job_id, "a", EXPIRED)
    new = claim(database, job_id, "b")
    assert new.number == old.number
    for write in (
        lambda s: shards.renew_shard(s, old, 60, 1),
        lambda s: shards.finish_shard(s, old, b"late", evaluated_count=1),
    ):
        with pytest.raises(LeaseLostError), database.write() as session:
            write(session)
    with database.write() as session:
        shards.release_shard(session, old)  # changes nothing
    finish(database, new, b"right")
    with database.read() as session:
        assert shards.shard_results(session, job_id) == [b"right"]


def test_the_third_lost_worker_ends_the_job(database, job_id):
    for _ in range(leases.MAX_ATTEMPTS):
        claim(database, job_id, "a", EXPIRED)
    with pytest.raises(WorkerLostError, match="shard 0: its worker was lost 3 times"):
        claim(database, job_id)


def test_whoever_resumes_a_job_gives_its_shards_their_attempts_again(database, job_id):
    for _ in range(leases.MAX_ATTEMPTS):
        claim(database, job_id, "a", EXPIRED)
    with database.write() as session:
        shards.retry_shards(session, job_id)
    assert claim(database, job_id).number == 0


def test_an_old_lease_does_not_fit_a_shard_of_another_plan(database, job_id):
    old = claim(database, job_id)
    with database.write() as session:
        shards.plan_shards(session, session.get_one(JobRecord, job_id), SPECS[:2])
    new = claim(database, job_id)
    assert (new.number, old.number) == (0, 0)
    with pytest.raises(LeaseLostError):
        finish(database, old, b"late")


def test_handing_a_shard_back_costs_no_attempt(database, job_id):
    for _ in range(leases.MAX_ATTEMPTS + 1):
        lease = claim(database, job_id)
        assert lease.number == 0
        with database.write() as session:
            shards.release_shard(session, lease)


def test_a_shard_of_a_job_that_no_longer_runs_is_not_renewed(database, job_id):
    lease = claim(database, job_id)
    with database.write() as session:
        job = session.get_one(JobRecord, job_id)
        jobs.request_cancel(session, "lab", job.kind, job_id)
    with pytest.raises(LeaseLostError), database.write() as session:
        shards.renew_shard(session, lease, 60, 1)


def test_planning_again_keeps_what_is_done_and_another_plan_does_not(database, job_id):
    finish(database, claim(database, job_id))
    with database.write() as session:
        shards.plan_shards(session, session.get_one(JobRecord, job_id), SPECS)
    assert counts(database, job_id).done == 1
    with database.write() as session:
        shards.plan_shards(session, session.get_one(JobRecord, job_id), SPECS[:3])
    assert counts(database, job_id) == shards.ShardCounts(3, 0, 0)
