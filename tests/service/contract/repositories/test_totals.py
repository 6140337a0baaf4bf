"""Totals, on both databases: nothing is lost when many count the same, or a transaction fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from service.contract.database import utc_now
from service.contract.jobs import JobKind
from service.contract.repositories import jobs, leases, totals
from service.contract.repositories.requests import Request

OWNER = jobs.Owner("lab", "ada")


def test_many_at_once_are_all_counted(database):
    def count(_):
        with database.write() as session:
            totals.count(session, "name", "subject")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(20)))
    with database.read() as session:
        assert totals.totals_of(session, "name") == {"subject": 20}
        assert totals.totals_of(session, "other") == {}


def test_what_is_rolled_back_has_not_happened(database):
    def fail():
        with database.write() as session:
            totals.count(session, "name", "subject")
            raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            fail()
    with database.read() as session:
        assert totals.totals_of(session, "name") == {}


def expired(database, kinds):
    """Jobs of these kinds whose workers are lost, the first of them first."""
    with database.write() as session:
        for number, kind in enumerate(kinds):
            request = Request(None, "0" * 64)
            job, _ = jobs.create_job(session, OWNER, kind, {}, subject_id="x", request=request)
            held = leases.claim(session, job.id, "gone:1", 60)
            held.lease_until = utc_now() - timedelta(seconds=60 - number)


def test_two_recoverers_do_not_lock_each_other_out(database):
    one, other = JobKind.TRAINING, JobKind.SEARCH

    def recover(_):
        with database.write() as session:
            return len(leases.recover_expired(session, limit=2))

    with ThreadPoolExecutor(2) as recoverers:
        for _ in range(5):
            expired(database, [one, other, other, one])
            assert sum(recoverers.map(recover, range(2))) == 4
    with database.read() as session:
        assert totals.totals_of(session, totals.LEASE_EXPIRIES) == {one: 10, other: 10}
