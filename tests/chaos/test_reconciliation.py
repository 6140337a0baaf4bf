"""The books find what they are for: each kind of loss, doubling and remainder, by name."""

import hashlib

import pytest

from service.contract.jobs import EventType, JobKind, JobState
from service.contract.repositories import events, jobs, leases
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from tests.chaos.ledger import Answer, Ledger
from tests.chaos.reconciliation import reconcile


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def faults(ledger, database, tmp_path):
    return lambda: reconcile(ledger.entries(), database, tmp_path, 5).faults()


@pytest.fixture
def accepted(ledger):
    """An entry of a search that the service says it has taken."""
    entry = ledger.open(JobKind.SEARCH)
    entry.answers.append(Answer("201", {"id": "job_1"}))
    return entry


def new_job(database, request_id, kind=JobKind.SEARCH):
    with database.write() as session:
        job, _ = jobs.create_job(
            session,
            Owner("lab", "ada"),
            kind,
            {},
            subject_id="model_1",
            request=Request(request_id, ""),
        )
        return job.id


def end(database, job_id, state):
    with database.write() as session:
        job = leases.claim(session, job_id, "worker", 60)
        leases.finish(session, leases.Lease(job_id, job.fence), state)


def test_empty_books_balance(faults):
    assert faults() == []


def test_an_accepted_job_without_a_row_is_lost(faults, accepted):
    assert faults() == [f"search {accepted.request_id} has no row"]


@pytest.mark.parametrize("state", [None, JobState.FAILED])
def test_a_job_that_has_not_succeeded_is_lost(faults, database, accepted, state):
    job_id = new_job(database, accepted.request_id)
    if state is not None:
        end(database, job_id, state)
    assert f"search {job_id} is {state or 'QUEUED'}: None" in faults()


def test_a_job_without_its_result_is_lost(faults, database, accepted):
    job_id = new_job(database, accepted.request_id)
    end(database, job_id, JobState.SUCCEEDED)
    assert faults() == [f"search {job_id}: proposals []"]


def test_a_job_that_nobody_asked_for_is_doubled(faults, database):
    job_id = new_job(database, "another")
    assert f"job {job_id} that nobody asked for" in faults()


def test_what_was_settled_is_not_looked_at_again(ledger, database, tmp_path):
    new_job(database, "settled before")
    job_id = new_job(database, "another")
    balance = reconcile(ledger.entries(), database, tmp_path, 5, {"settled before"})
    assert balance.faults() == [
        f"job {job_id} that nobody asked for",
        f"{job_id} ends at [] of 1 events",
    ]


def test_an_event_after_the_end_is_a_false_story(faults, database, accepted):
    job_id = new_job(database, accepted.request_id)
    end(database, job_id, JobState.SUCCEEDED)
    with database.write() as session:
        events.append_event(session, job_id, EventType.PROGRESS, {"fraction": 0.5})
    assert f"{job_id} ends at [3] of 4 events" in faults()


def test_a_file_without_a_row_is_left_over(faults, tmp_path):
    sha256 = hashlib.sha256(b"x").hexdigest()
    (tmp_path / sha256[:2]).mkdir()
    (tmp_path / sha256[:2] / sha256).write_bytes(b"y")
    assert faults() == [f"blob {sha256} has no row", f"blob {sha256} is not what it was"]


def test_an_answer_that_does_not_say_what_to_do_is_a_fault(faults, ledger):
    entry = ledger.open(None)
    entry.answers.append(Answer("500 INTERNAL"))
    assert len(faults()) == 2  # it was not taken, and nobody knows why
    entry.answers[:] = [Answer("503 UNAVAILABLE", is_retryable=True), Answer("200", {"mean": 1})]
    assert faults() == []
