"""Workers that are killed, or frozen and continued, at work."""

import signal
from contextlib import suppress

import psutil
import pytest

from tests.chaos.deployment import freeze, kill_worker

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(480)]


def test_kill_of_a_training_worker_in_an_epoch(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("kill -9 of a training worker in an epoch") as watch:
        kill_worker(trials.deployment.holder_of(training.resource_id))
        watch.until(lambda: trials.is_taken_again(training))


def test_a_worker_that_was_frozen_past_its_lease(trials, turn):  # noqa: ARG001
    training = trials.long_training()
    with trials.fault("training worker frozen past its lease, and continued") as watch:
        frozen = trials.deployment.holder_of(training.resource_id)
        freeze(frozen, trials.deployment.database)
        try:
            watch.until(lambda: trials.is_taken_again(training))
        finally:
            with suppress(psutil.NoSuchProcess):  # killed, where a transaction held up the others
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


WIDE = {"hidden_dim": 4096, "latent_dim": 256}  # a checkpoint of 22 MB, weights of 6 MB
ROOM_BYTES = 16 * 2**20


def test_a_disk_that_is_full_at_a_checkpoint(trials, turn):  # noqa: ARG001
    training = trials.long_training(60, **WIDE)
    holder = trials.deployment.holder_of(training.resource_id)
    told = trials.deployment.count_in_logs("no room for a checkpoint")
    with trials.fault("disk full while a checkpoint is written") as watch:
        holder.rlimit(psutil.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))
        watch.until(lambda: trials.has_ended(training))
    assert trials.deployment.count_in_logs("no room for a checkpoint") > told
    assert trials.job(training).attempt_count == 1
