"""Creating, reading, listing, cancelling and resuming jobs."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.contract.errors import (
    ConflictError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from service.contract.jobs import JobKind, JobState
from service.contract.repositories import events, jobs, leases

KIND = JobKind.TRAINING


def test_parallel_identical_requests_make_one_job(new_job):
    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(lambda _: new_job(request_id="same"), range(50)))
    assert len(ids) == 1


def test_a_request_id_with_another_body_is_refused(new_job):
    new_job(request_id="same", sha256="a" * 64)
    with pytest.raises(ConflictError, match="another body"):
        new_job(request_id="same", sha256="b" * 64)


def test_another_project_sees_no_job(database, new_job):
    job_id = new_job()
    with database.read() as session, pytest.raises(NotFoundError):
        jobs.get_job(session, "rival", KIND, job_id)


def test_pages_hold_every_job_once_newest_first(database, new_job):
    made = [new_job() for _ in range(7)]
    seen, token = [], None
    while True:
        with database.read() as session:
            page = jobs.list_jobs(session, "lab", KIND, page_size=3, page_token=token)
        seen += [job.id for job in page.rows]
        token = page.next_page_token
        if token is None:
            break
    assert seen == made[::-1]


def test_list_filters_by_state_and_subject(database, new_job):
    cancelled, other = new_job(), new_job(subject_id="dataset_2")
    with database.write() as session:
        jobs.request_cancel(session, "lab", KIND, cancelled)
    with database.read() as session:
        by_state = jobs.list_jobs(
            session, "lab", KIND, state=JobState.CANCELLED, page_size=9, page_token=None
        )
        by_subject = jobs.list_jobs(
            session, "lab", KIND, subject_id="dataset_2", page_size=9, page_token=None
        )
    assert [job.id for job in by_state.rows] == [cancelled]
    assert [job.id for job in by_subject.rows] == [other]


def encoded(time, key):
    return base64.urlsafe_b64encode(json.dumps([time, key]).encode()).decode()


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "e30=",
        "WzEsMl0=",
        encoded("0001-01-01T00:00:00+14:00", "job_1"),
        encoded("2026-01-01T00:00:00+00:00", "a\0b"),
        encoded("2026-01-01T00:00:00+00:00", "\ud800"),
    ],
)
def test_a_foreign_page_token_is_refused(database, token):
    with database.read() as session, pytest.raises(InvalidArgumentError, match="page_token"):
        jobs.list_jobs(session, "lab", KIND, page_size=3, page_token=token)


@pytest.mark.parametrize("way", ["QUEUED", "RUNNING", "CANCELLING", "SUCCEEDED"])
def test_only_what_has_failed_or_been_cancelled_is_resumed(database, new_job, way):
    job_id = new_job()
    with database.write() as session:
        if way != "QUEUED":
            job = leases.claim(session, job_id, "worker", 60)
        if way == "CANCELLING":
            jobs.request_cancel(session, "lab", KIND, job_id)
        if way == "SUCCEEDED":
            leases.finish(session, leases.Lease(job_id, job.fence), JobState.SUCCEEDED)
    with pytest.raises(FailedPreconditionError, match=f"a {way} job"), database.write() as session:
        jobs.resume_job(session, "lab", KIND, job_id)
    with database.read() as session:
        assert jobs.get_job(session, "lab", KIND, job_id).state == way


def test_a_queued_job_is_cancelled_at_once_and_can_be_resumed(database, new_job):
    job_id = new_job()
    with database.write() as session:
        assert jobs.request_cancel(session, "lab", KIND, job_id).state == JobState.CANCELLED
        assert jobs.request_cancel(session, "lab", KIND, job_id).state == JobState.CANCELLED
    with database.write() as session:
        assert jobs.resume_job(session, "lab", KIND, job_id).state == JobState.QUEUED
    with database.read() as session:
        story = [event.data["state"] for _, event in events.list_events(session, {job_id: 0})]
    assert story == ["QUEUED", "CANCELLED", "QUEUED"]


def test_a_running_job_cancels_when_its_worker_says_so(database, new_job):
    job_id = new_job()
    with database.write() as session:
        held = leases.claim(session, job_id, "worker", 60)
    lease = leases.Lease(job_id, held.fence)
    with database.write() as session:
        assert jobs.request_cancel(session, "lab", KIND, job_id).state == JobState.CANCELLING
    with database.write() as session:
        assert leases.heartbeat(session, lease, 60) is JobState.CANCELLING
        assert leases.finish(session, lease, JobState.CANCELLED).state == JobState.CANCELLED


def test_what_the_life_cycle_does_not_know_raises(database, new_job):
    job_id = new_job()
    with database.write() as session, pytest.raises(FailedPreconditionError, match="QUEUED"):
        jobs.resume_job(session, "lab", KIND, job_id)
