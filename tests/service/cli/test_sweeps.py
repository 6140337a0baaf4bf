"""A sweep is stopped, taken up again and deleted as a job is, by its id."""

import pytest

from service.contract.resources import Sweep
from tests.service.cli.conftest import TIME

SPEC = {
    "training": {"dataset_id": "dataset_1", "labels": [{"name": "titer"}]},
    "parameters": [{"kind": "choice", "path": "model.kind", "choices": ["additive", "forest"]}],
}
SWEEP = {"id": "sweep_1", "state": "CANCELLED", "spec": SPEC, "create_time": TIME, "trial_count": 2}
PATH = "/v1/sweeps/sweep_1"


@pytest.mark.parametrize(("action", "state"), [("cancel", "CANCELLING"), ("resume", "QUEUED")])
def test_a_sweep_is_cancelled_and_resumed_by_its_id(asked, action, state):
    answers = {f"GET {PATH}": SWEEP, f"POST {PATH}:{action}": {**SWEEP, "state": state}}
    done = asked(answers, "jobs", action, "sweep_1")
    assert done.stdout == f"sweep_1  {state}  2 trials\n"
    told = asked(answers, "jobs", action, "sweep_1", "--json").stdout
    assert Sweep.model_validate_json(told).state == state


def test_a_sweep_is_deleted_by_its_id(asked):
    deleted = []

    def delete(_):
        deleted.append("sweep_1")
        return {}

    answers = {f"GET {PATH}": SWEEP, f"DELETE {PATH}": delete}
    assert asked(answers, "jobs", "delete", "sweep_1", "--cascade").stdout == ""
    assert deleted == ["sweep_1"]
