"""What is measured of the whole deployment, on both databases."""

import time

import pytest

from service.contract.jobs import JobKind, JobState, Queue
from service.contract.measurements import WorkerFigures
from service.contract.repositories import workers
from service.contract.repositories.fleet import read_fleet
from tests.service import rows


def test_jobs_that_wait_and_workers_are_told_of_with_their_times(database):
    for _ in range(2):
        rows.add_training_job(database)
    figures = WorkerFigures(memory_bytes=7)
    with database.write() as session:
        workers.beat(session, "w1", queues=[Queue.TRAIN], host="h", pid=1, figures=figures)
    time.sleep(0.02)
    with database.read() as session:
        fleet = read_fleet(session)
    assert fleet.jobs == {(JobKind.TRAINING, JobState.QUEUED): 2}
    assert fleet.waiting(Queue.TRAIN) == 2
    assert list(fleet.oldest_seconds) == [Queue.TRAIN]
    assert 0 < fleet.oldest_seconds[Queue.TRAIN] < 20
    (worker,) = fleet.workers
    assert (worker.id, worker.queues, worker.figures) == ("w1", (Queue.TRAIN,), figures)
    assert worker.silent_seconds == pytest.approx(0.02, abs=10)
    assert fleet.lease_expiries == {}
