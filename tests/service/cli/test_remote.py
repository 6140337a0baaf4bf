"""The commands that ask a service, through one flow, and what they say when refused."""

import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from service.cli.commands import app
from service.cli.specs import KINDS
from service.contract.inference import ScoreAnswer
from service.contract.panels import Panel
from service.contract.resources import Dataset, Model, SearchJob, TrainingJob
from service.contract.schema import REVISION
from service.contract.schemas import SPECS
from tests.service.client.conftest import SPEC, table

pytestmark = pytest.mark.slow

DESIGN = "PP_0003:knockdown+PP_0007:knockdown"


@pytest.fixture(scope="module")
def command(sqlite_service):
    """Runs a command against the service; gives what it printed, or `status` and its complaint."""
    runner = CliRunner(env={"CELLGEBRA_URL": sqlite_service.base_url})

    def run(*arguments, status=0, text=None):
        done = runner.invoke(app, [str(one) for one in arguments], input=text)
        assert done.exit_code == status, (done.output, done.exception)
        assert status == 0 or done.stdout == "", done.output
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def dataset(command, folder):
    (folder / "titers.tsv").write_bytes(table())
    (folder / "columns.json").write_text(json.dumps(SPEC))
    said = command(
        "datasets", "upload", folder / "titers.tsv", "--spec", folder / "columns.json", "--json"
    )
    return Dataset.model_validate_json(said)


@pytest.fixture(scope="module")
def training(folder, dataset):
    path = folder / "training.yaml"
    path.write_text(
        f"dataset_id: {dataset.id}\nname: by command\nlabels:\n  - name: titer\n"
        "model:\n  kind: perturbation_set\n  latent_dim: 4\n  hidden_dim: 4\n"
    )
    return path


@pytest.fixture(scope="module")
def job(command, training):
    said = command(
        "train", training, "--set", "epochs=2", "--set", "ensemble_size=2", "--watch", "--json"
    )
    return TrainingJob.model_validate_json(said.splitlines()[-1])


@pytest.fixture(scope="module")
def model(command, job):
    return Model.model_validate_json(command("models", "show", job.model_id, "--json"))


def test_a_table_is_shown_and_listed(command, dataset):
    said = command("datasets", "show", dataset.id)
    assert "79 measured, median" in said
    assert "mg/L" in said
    assert dataset.id in command("datasets", "list")
    listed = [json.loads(line)["id"] for line in command("datasets", "list", "--json").splitlines()]
    assert dataset.id in listed


def test_a_training_is_watched_to_its_model(command, job, model):
    assert (job.state, job.spec.epochs, job.spec.ensemble_size) == ("SUCCEEDED", 2, 2)
    assert model.name == "by command"
    said = command("models", "show", model.id)
    assert "of the variance" in said
    for line in (job.id, "training", "SUCCEEDED", "100%", "by command"):
        assert line in command("jobs", "list")
    assert "SUCCEEDED" in command("jobs", "watch", job.id)
    events = [
        json.loads(line)["type"] for line in command("jobs", "logs", job.id, "--json").splitlines()
    ]
    assert events.count("epoch") == 4
    assert "epoch" in command("jobs", "logs", job.id)


def test_designs_are_scored_as_a_table_or_as_json(command, model):
    said = command("score", model.id, DESIGN, "PP_0001:knockdown").splitlines()
    head = said[0].split("\t")
    assert head[:5] == [
        "genotype", "titer mean (mg/L)", "titer sd (mg/L)", "titer low (mg/L)", "titer high (mg/L)"
    ]  # fmt: skip
    assert [line.split("\t")[0] for line in said[1:]] == [DESIGN, "PP_0001:knockdown"]
    answer = ScoreAnswer.model_validate_json(command("score", model.id, DESIGN, "--json"))
    assert float(said[1].split("\t")[1]) == pytest.approx(answer.labels[0].mean[0], rel=1e-3)
    of_stdin = command("score", model.id, "--fields", "mean", text=f"{DESIGN}\n\n")
    assert [line.split("\t")[0] for line in of_stdin.splitlines()] == ["genotype", DESIGN, ""]


def test_a_search_is_written_to_a_file(command, folder, model):
    spec = folder / "search.toml"
    spec.write_text(
        f'model_id = "{model.id}"\nproposal_count = 7\n'
        '[[objectives]]\nlabel = "titer"\ndirection = "maximize"\n'
    )
    said = command("screen", spec, "--output", folder / "proposals.tsv")
    assert "check rank" in said
    assert len((folder / "proposals.tsv").read_text().splitlines()) == 8
    queued = SearchJob.model_validate_json(command("screen", spec, "--json"))
    assert "SUCCEEDED" in command("jobs", "watch", queued.id)
    command("jobs", "delete", queued.id)
    assert "no job" in command("jobs", "show", queued.id, status=3)


def test_a_panel_is_chosen_for_what_a_search_proposes(command, folder, model):
    spec = folder / "panel.yaml"
    spec.write_text(
        f"model_id: {model.id}\nproposal_count: 20\nmin_order: 2\nobjectives: [{{label: titer}}]\n"
    )
    found = Panel.model_validate_json(command("panel", spec, "--size", 4, "--json"))
    assert len(found.members) == 4
    assert found.cost == 4
    assert 1 <= found.design_count <= 6  # pairs of four loci
    assert "asks for no panel" in command("panel", spec, status=4)
    (job,) = (
        SearchJob.model_validate_json(line)
        for line in command("jobs", "list", "--kind", "search", "--json").splitlines()
        if SearchJob.model_validate_json(line).spec.panel
    )
    said = command("panel", job.id)
    assert "share of the worth" in said
    for member in found.members:
        assert member.name in said
    command("panel", job.id, "--size", 3, status=2)


def test_a_table_is_scored_by_a_job(command, folder, model):
    spec = folder / "scoring.yaml"
    spec.write_text(f"model_id: {model.id}\ninput:\n  kind: table\nformats: [parquet, tsv]\n")
    (folder / "candidates.tsv").write_text(f"genotype\n{DESIGN}\n")
    command("score-table", spec, folder / "candidates.tsv", "--output", folder / "scores.tsv.gz")
    assert (folder / "scores.tsv.gz").stat().st_size


def test_models_are_put_beside_each_other(command, dataset, model):
    spec = {"dataset_id": dataset.id, "labels": [{"name": "titer"}], "model": {"kind": "additive"}}
    said = command("train", "-", "--watch", "--json", text=json.dumps(spec))
    other = TrainingJob.model_validate_json(said.splitlines()[-1])
    compared = command("models", "compare", model.id, other.model_id)
    assert "by command@1  perturbation_set" in compared
    assert "titer: Spearman" in compared
    assert "of the top 16 in common" in compared


def test_a_model_is_promoted_compared_exported_and_kept(command, folder, job, model):
    assert "SUCCEEDED" in command("models", "promote", model.id, "champion", "--note", "first")
    assert "champion" in command("models", "list", "--name", "by command")
    twice = command("models", "compare", model.id, "by command@champion", status=4)
    assert "are the same model" in twice
    assert command("models", "export", model.id, folder / "m.zip").strip() == str(folder / "m.zip")
    command("models", "report", model.id, folder / "report.html")
    assert "<html" in (folder / "report.html").read_text()
    assert "champion means" in command("models", "delete", model.id, status=5)
    assert "is needed by 1 model" in command("jobs", "delete", job.id, status=5)


def test_what_is_wrong_with_a_spec_is_told_by_line(command, folder, training):
    bad = folder / "bad.yaml"
    bad.write_text("dataset_id: d\nlabels:\n  - name: titer\n    weight: -1\nepoch: 5\nseed: x\n")
    said = command("spec", "validate", "training", bad, status=4)
    assert f"{bad}:4: labels.0.weight" in said
    assert f"{bad}:5: epoch: Extra inputs" in said
    assert f"{bad}:6: seed" in said
    assert command("spec", "validate", "training", training) == f"{training} is a training spec\n"
    whole = command("spec", "validate", "training", training, "--json")
    assert json.loads(whole)["seed"] == 0
    for text, message in (("{", "neither JSON nor YAML"), ("- 1", "has to hold an object")):
        bad.write_text(text)
        assert message in command("spec", "validate", "training", bad, status=4)
    toml = folder / "bad.toml"
    toml.write_text('dataset_id = "d"\nepochs = 0\n[[labels]]\nname = "titer"\n')
    assert f"{toml}:2: epochs" in command("spec", "validate", "training", toml, status=4)
    assert "cannot be read" in command("spec", "validate", "training", folder / "no", status=4)
    assert "is no change" in command("train", training, "--set", "epochs", status=4)


@pytest.mark.parametrize(
    "kind", ["training", "sweep", "search", "scoring", "dataset", "gene-table", "network"]
)
def test_the_first_spec_of_a_kind_is_one(command, folder, kind):
    path = folder / f"first-{kind}.yaml"
    command("spec", "init", kind, path)
    command("spec", "validate", kind, path)
    assert "exists" in command("spec", "init", kind, path, status=1)
    assert command("spec", "init", kind) == path.read_text()
    assert command("spec", "init", kind, "-") == path.read_text()


def test_refusals_have_their_exit_status(command, model):
    assert "no data set" in command("datasets", "show", "dataset_0", status=3)
    said = command("score", model.id, "PP_0003:knockdown+PP_003:knockdown", status=4)
    assert "PP_003:knockdown" in said
    assert "(near: " in said
    assert "does not answer" in command("jobs", "list", "--url", "http://127.0.0.1:1", status=6)
    command("jobs", "list", "--kind", "cooking", status=2)


def test_the_doctor_finds_a_running_service_well(command):
    said = command("doctor")
    for line in ("database", "broker", "train queue", "served", "compiled from C"):
        assert line in said
    assert '"/v1/datasets"' in command("openapi")


def test_the_doctor_says_what_to_do():
    done = CliRunner().invoke(app, ["doctor", "--url", "http://127.0.0.1:1", "--json"])
    assert done.exit_code == 1
    found = {item["what"]: item for item in map(json.loads, done.stdout.splitlines())}
    assert "`cellgebra up`" in found["service"]["advice"]
    assert found["python"]["advice"] is None


def found_by_the_doctor(environment):
    done = CliRunner(env=environment).invoke(
        app, ["doctor", "--url", "http://127.0.0.1:1", "--json"]
    )
    return {item["what"]: item for item in map(json.loads, done.stdout.splitlines())}


def test_the_doctor_looks_at_the_database_of_the_settings(sqlite_url, tmp_path):
    well = found_by_the_doctor({"CELLGEBRA_DATABASE_URL": sqlite_url})["own database"]
    assert (well["found"].split()[:2], well["advice"]) == (["schema", REVISION], None)
    none = found_by_the_doctor({"CELLGEBRA_DATA_DIR": str(tmp_path / "no")})["own database"]
    assert none["advice"] is None
    assert not (tmp_path / "no").exists()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()
    old = found_by_the_doctor({"CELLGEBRA_DATABASE_URL": sqlite_url})["own database"]
    assert old["advice"].endswith("cellgebra db upgrade")
    away = {"CELLGEBRA_DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/x?connect_timeout=1"}
    assert "CELLGEBRA_DATABASE_URL" in found_by_the_doctor(away)["own database"]["advice"]


def test_the_doctor_looks_at_the_broker_of_the_settings(valkey):
    assert found_by_the_doctor({"CELLGEBRA_BROKER_URL": valkey.url})["own broker"] == {
        "what": "own broker",
        "found": "answers",
        "advice": None,
    }
    away = found_by_the_doctor({"CELLGEBRA_BROKER_URL": "redis://127.0.0.1:1"})["own broker"]
    assert "CELLGEBRA_BROKER_URL" in away["advice"]
    assert found_by_the_doctor({})["own broker"]["advice"] is None


def test_commands_know_the_specs_that_have_schemas():
    assert set(KINDS) == set(SPECS)
