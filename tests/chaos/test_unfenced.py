"""The trials turn red without the fence."""

import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.chaos.deployment import Deployment, freeze
from tests.chaos.ledger import PAUSE_SECONDS
from tests.chaos.trial import Trials

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

UNFENCED = Path(__file__).parent / "unfenced"


@pytest.fixture
def unfenced(tmp_path):
    """Trials of a deployment whose processes write to a job whether they hold it or not."""
    deployment = Deployment(tmp_path, None, PYTHONPATH=str(UNFENCED))
    try:
        deployment.broker.start()
        deployment.start()
        trials = Trials(deployment)
        trials.load.lay_ground()
        yield trials
        trials.load.close()
    finally:
        deployment.close()


def late_writes(trials):
    """What the reckoning says of a training whose holder was frozen past its lease and went on."""
    training = trials.long_training()
    frozen = trials.deployment.holder_of(training.resource_id)
    freeze(frozen, trials.deployment.database)
    trials.load.await_ends()
    assert trials.settled().faults() == []  # as long as it is silent
    frozen.send_signal(signal.SIGCONT)
    faults = []
    while not faults and is_at_work(frozen):
        time.sleep(PAUSE_SECONDS)
        faults = [one for one in trials.reckon().faults() if training.resource_id in one]
    return faults


def is_at_work(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_without_the_fence_late_writes_are_found(unfenced):
    # One that was frozen after its last epoch has nothing to tell any more.
    told = next(filter(None, (late_writes(unfenced) for _ in range(3))), [])
    assert any("ends at" in fault for fault in told), told
