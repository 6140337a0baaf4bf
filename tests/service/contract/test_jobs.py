"""The life cycle of jobs: every step that there is, and no other."""

from itertools import product

import pytest

from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobState, require_transition

STEPS = {
    ("QUEUED", "RUNNING"),  # a claim
    ("QUEUED", "CANCELLED"),
    ("RUNNING", "SUCCEEDED"),
    ("RUNNING", "FAILED"),
    ("RUNNING", "CANCELLING"),
    ("RUNNING", "QUEUED"),  # its worker is lost, or goes
    ("CANCELLING", "CANCELLED"),
    ("CANCELLING", "SUCCEEDED"),  # it was faster
    ("CANCELLING", "FAILED"),
    ("FAILED", "QUEUED"),  # resume
    ("CANCELLED", "QUEUED"),
}


@pytest.mark.parametrize(("current", "target"), list(product(JobState, JobState)))
def test_a_job_takes_the_steps_of_the_life_cycle_and_no_other(current, target):
    if (current.value, target.value) in STEPS:
        require_transition(current, target)
        return
    with pytest.raises(FailedPreconditionError, match=f"a {current} job cannot become {target}"):
        require_transition(current, target)
