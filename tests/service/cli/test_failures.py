"""How commands end that cannot do what they were asked: one line, and the documented status."""

import json

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.contract.resources import Sweep, TrainingJob
from tests.service.cli.conftest import TIME

AWAY = "http://127.0.0.1:1"
TRAINING = {"dataset_id": "dataset_1", "labels": [{"name": "titer"}]}
FAILED = {
    "id": "job_1",
    "state": "FAILED",
    "spec": TRAINING,
    "create_time": TIME,
    "fraction": 0.5,
    "attempt_count": 1,
    "error": {"code": "FAILED_PRECONDITION", "reason": "TOO_FEW", "detail": "too few designs"},
}


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments])


def event(number, kind, **data):
    told = {"sequence": number, "type": kind, "create_time": TIME, "data": data}
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(told)}\n\n"


def test_a_job_that_has_failed_is_printed_before_its_status(asked):
    running = [{**FAILED, "state": "RUNNING", "error": None}]
    answers = {
        "GET /v1/training-jobs/job_1": lambda _: running.pop() if running else FAILED,
        "GET /v1/training-jobs/job_1/events": event(1, "state", state="FAILED").encode(),
    }
    done = asked(answers, "jobs", "watch", "job_1", "--json", status=5)
    first, last = done.stdout.splitlines()
    assert json.loads(first)["data"] == {"state": "FAILED"}
    assert TrainingJob.model_validate_json(last).error.detail == "too few designs"
    assert done.stderr == "cellgebra: too few designs\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_job_that_had_failed_before(asked, as_json):
    options = ["--json"] if as_json else []
    answers = {"GET /v1/training-jobs/job_1": FAILED}
    done = asked(answers, "jobs", "watch", "job_1", *options, status=5)
    assert done.stdout.count('"state":"FAILED"') == int(as_json)


def test_a_sweep_that_has_failed_is_printed_before_its_status(asked, tmp_path):
    spec = {
        "training": TRAINING,
        "parameters": [{"kind": "choice", "path": "model.kind", "choices": ["additive", "forest"]}],
    }
    (tmp_path / "sweep.json").write_text(json.dumps(spec))
    sweep = {**FAILED, "id": "sweep_1", "spec": spec, "trial_count": 2}
    answers = {"POST /v1/sweeps": sweep, "GET /v1/sweeps/sweep_1": sweep}
    done = asked(answers, "sweep", tmp_path / "sweep.json", "--json", status=5)
    assert Sweep.model_validate_json(done.stdout).error.detail == "too few designs"


@pytest.mark.parametrize("action", ["cancel", "resume", "delete"])
def test_a_job_and_a_sweep_that_are_not_there(asked, action):
    said = asked({}, "jobs", action, "sweep_1", status=3).stderr
    assert said == "cellgebra: no job sweep_1: `cellgebra jobs list` has them\n"


def test_the_description_of_a_service_that_is_away(run):
    done = run("openapi", "--url", AWAY)
    assert (done.exit_code, done.stdout) == (6, "")
    assert "does not answer" in done.stderr
    assert "`cellgebra up`" in done.stderr
    assert "is no address of a service" in run("openapi", "--url", "x y").stderr


def test_the_description_is_printed_as_it_is(asked):
    body = b'{"openapi":  "3.1.0"}'
    assert asked({"GET /openapi.json": body}, "openapi").stdout == f"{body.decode()}\n"


@pytest.mark.parametrize("place", ["no/spec.yaml", "", "file/spec.yaml"])
def test_a_first_spec_that_cannot_be_written(run, tmp_path, place):
    (tmp_path / "file").write_text("")
    done = run("spec", "init", "training", tmp_path / place)
    (line,) = done.stderr.splitlines()
    if place == "":  # a folder is there already
        assert (done.exit_code, "exists: name another file" in line) == (1, True)
    else:
        assert (done.exit_code, "name a file in a folder that is there" in line) == (4, True)
