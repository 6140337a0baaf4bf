"""What `cellgebra train` makes of a spec and of options, or of options alone."""

import json

import pytest

from service.contract.training import TrainingSpec
from tests.service.cli.conftest import TIME

SPEC = {
    "dataset_id": "dataset_1",
    "labels": [{"name": "titer", "weight": 2.0}, {"name": "growth"}],
    "model": {"kind": "perturbation_set"},
    "epochs": 7,
}


@pytest.fixture
def queued(asked, tmp_path):
    """Runs the command, on a spec if there is one; gives the spec that a service was sent."""

    def run(spec, *options, text=None):
        seen = []

        def answer(body):
            seen.append(TrainingSpec.model_validate_json(body))
            job = {"id": "job_1", "state": "QUEUED", "spec": json.loads(body)}
            return {**job, "create_time": TIME, "fraction": 0, "attempt_count": 0}

        path = tmp_path / "spec.json"
        path.write_text(json.dumps(spec))
        words = [] if spec is None else ["-" if text else path]
        asked({"POST /v1/training-jobs": answer}, "train", *words, *options, text=text)
        return seen[0]

    return run


def test_options_alone_are_a_spec(queued):
    options = ("--dataset", "dataset_2", "--label", "titer", "--label", "growth")
    wanted = {"dataset_id": "dataset_2", "labels": [{"name": "titer"}, {"name": "growth"}]}
    assert queued(None, *options) == TrainingSpec.model_validate(wanted)
    additive = {**wanted, "model": {"kind": "additive"}, "seed": 3}
    options = (*options, "--model", "additive", "--set", "seed=3")
    assert queued(None, *options) == TrainingSpec.model_validate(additive)
    changes = ("--set", "dataset_id=dataset_1", "--set", 'labels=[{"name": "titer"}]')
    assert queued(None, *changes).labels[0].name == "titer"


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ((), {}),
        (("--dataset", "dataset_2"), {"dataset_id": "dataset_2"}),
        (("--label", "titer"), {"labels": [{"name": "titer"}]}),
        (("--model", "additive"), {"model": {"kind": "additive"}}),
        (("--dataset", "dataset_2", "--set", "dataset_id=dataset_3"), {"dataset_id": "dataset_3"}),
    ],
)
def test_options_win_over_the_spec(queued, options, changed):
    expected = TrainingSpec.model_validate({**SPEC, **changed})
    assert queued(SPEC, *options) == expected
    assert queued(SPEC, *options, text=json.dumps(SPEC)) == expected


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ((), 2, "name a SPEC, or say what to train: --dataset ID --label NAME"),
        (("--watch",), 2, "name a SPEC"),
        (("--dataset", "d"), 4, "what the options say: labels: Field required"),
        (("--label", "y"), 4, "what the options say: dataset_id: Field required"),
        (("--label", "y", "--dataset", "d", "--model", "deep"), 4, "--model deep: model: "),
        (("-",), 4, "standard input is empty"),
        (("-", "--dataset", "d"), 4, "standard input is empty"),
    ],
)
def test_what_is_no_training_is_refused(asked, options, status, said):
    done = asked({}, "train", *options, status=status, text="")
    assert said in " ".join(done.stderr.replace("\u2502", " ").split())
    assert done.stdout == ""


def test_a_local_training_has_no_data_set(asked, tmp_path):
    (tmp_path / "table.tsv").write_text("genotype\n")
    places = ["--table", tmp_path / "table.tsv", "--columns", "c.json", "--output", tmp_path / "m"]
    done = asked({}, "train", "--local", *places, "--dataset", "d", status=2)
    assert "leave --dataset out" in " ".join(done.stderr.replace("\u2502", " ").split())


def test_an_empty_file_is_told_of(asked, tmp_path):
    (tmp_path / "empty.toml").write_text("\n")
    done = asked({}, "train", tmp_path / "empty.toml", status=4)
    assert f"{tmp_path / 'empty.toml'} is empty" in done.stderr
