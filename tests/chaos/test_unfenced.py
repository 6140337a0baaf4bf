"""The trials turn red without the fence."""

import signal
from pathlib import Path

import pytest

from tests.chaos.deployment import Deployment, freeze
from tests.chaos.ledger import attempts
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


def test_without_the_fence_late_writes_are_found(unfenced):
    training = unfenced.long_training()
    frozen = unfenced.deployment.holder_of(training.resource_id)
    freeze(frozen, unfenced.deployment.database)
    unfenced.load.await_ends()
    assert unfenced.settled().faults() == []  # as long as it is silent
    frozen.send_signal(signal.SIGCONT)
    late, faults = f"{training.resource_id} ends at", []
    for _ in attempts():
        faults = unfenced.reckon().faults()
        if any(late in fault for fault in faults):
            break
    assert any(late in fault for fault in faults), faults
