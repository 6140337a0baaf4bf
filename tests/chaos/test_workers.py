"""Workers that are killed, or frozen and continued, at work."""

import signal

import pytest

from tests.chaos.deployment import kill_worker

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]


def test_kill_of_a_training_worker_in_an_epoch(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("kill -9 of a training worker in an epoch") as watch:
        kill_worker(trials.deployment.holder_of(training.resource_id))
        watch.until(lambda: trials.is_taken_again(training))


def test_a_worker_that_was_frozen_past_its_lease(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("training worker frozen past its lease, and continued") as watch:
        frozen = trials.deployment.holder_of(training.resource_id)
        frozen.send_signal(signal.SIGSTOP)
        watch.until(lambda: trials.is_taken_again(training))
        frozen.send_signal(signal.SIGCONT)


def test_messages_that_come_twice_at_once(trials, turn):  # noqa: ARG001
    with trials.fault("every message delivered twice at once"):
        assert trials.deployment.broker.repeat_messages() > 0


def test_two_recoverers(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.deployment.another_scheduler():
        with trials.fault("kill -9 of a training worker, two schedulers") as watch:
            kill_worker(trials.deployment.holder_of(training.resource_id))
            watch.until(lambda: trials.is_taken_again(training))
        assert trials.job(training).attempt_count == 2
