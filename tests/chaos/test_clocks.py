"""Clocks that jump while processes go by them.

A scheduler gives every worker time to tell that it is there. By a worker's clock nothing happens
with PostgreSQL, whose own clock counts; with SQLite its job is taken back while it is at work, and
the fence keeps the result single.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.contract.jobs import JobState
from service.contract.records import JobEventRecord
from service.supervisor.programs import TRAIN
from tests.chaos.clock import Clock

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]

TRAINERS = ("train-1", "train-2")
JUMPED = "the clock has jumped"


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


def test_a_scheduler_whose_clock_jumps(trials, turn, clock):  # noqa: ARG001
    training = trials.long_training()
    with (
        trials.deployment.another_scheduler(**clock.environment),
        trials.fault("clock of a scheduler jumps an hour ahead, and behind") as watch,
    ):
        seen = trials.deployment.count_in_logs(JUMPED)
        for jumps, hours in enumerate((1, -1), 1):
            clock.jump(hours)
            watch.restart()
            watch.until(lambda n=seen + jumps: trials.deployment.count_in_logs(JUMPED) >= n)
    assert trials.job(training).attempt_count == 1


def test_a_training_worker_whose_clock_jumps(trials, turn, clock):  # noqa: ARG001
    deployment = trials.deployment
    with deployment.another_worker(TRAIN, **clock.environment) as worker:
        with deployment.deaf(TRAIN.queues[0], *TRAINERS):
            training = trials.long_training(300)
        assert deployment.holder_of(training.resource_id).ppid() == worker.pid
        with trials.fault("clock of a training worker jumps an hour ahead, and behind") as watch:
            for hours in (1, -1, 0):
                clock.jump(hours)
                watch.restart()
                watch.until(lambda hours=hours: tells_at(trials, training, hours))
    if not deployment.database.is_sqlite:
        assert trials.job(training).attempt_count == 1


def tells_at(trials, training, hours):
    """Whether the worker tells of an epoch at its time, so many hours ahead, or has lost the job.

    Then it is at work again, once the clock is right.
    """
    job = trials.job(training)
    if job.fence > 1 or job.state == JobState.QUEUED:
        return hours != 0 or trials.is_taken_again(training)
    query = select(JobEventRecord.create_time).where(JobEventRecord.job_id == training.resource_id)
    newest = query.order_by(JobEventRecord.sequence.desc()).limit(1)
    with trials.deployment.database.read() as session:
        ahead = session.scalars(newest).one() - datetime.now(UTC)
    return abs(ahead - timedelta(hours=hours)) < timedelta(minutes=30)
