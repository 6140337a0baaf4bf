"""A training without a service: the model of one with it, in a folder, by a process of its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.manifests import ModelManifest
from tests.service.client.conftest import SPEC, table

TRAINING = {
    "name": "at home",
    "labels": [{"name": "titer"}],
    "model": {"kind": "additive"},
    "split": {"kind": "covariate", "covariate": "cycle", "test": ["4"]},
    "ensemble_size": 2,
}
LIGHT = """
import sys
from service.cli.commands import app
try:
    app(sys.argv[1:])
finally:
    sys.stderr.write(f"torch {'torch' in sys.modules}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("local")
    (made / "titers.tsv").write_bytes(table())
    (made / "columns.json").write_text(json.dumps(SPEC))
    (made / "spec.json").write_text(json.dumps(TRAINING))
    return made


def train(folder, output, *options):
    places = ["--table", folder / "titers.tsv", "--columns", folder / "columns.json"]
    words = ["train", folder / "spec.json", "--local", *places, "--output", output, *options]
    return subprocess.run(
        [sys.executable, "-c", LIGHT, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,  # most of it is the import of torch, on a busy machine
    )


@pytest.fixture(scope="module")
def trained(folder):
    done = train(folder, folder / "model", "--json")
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
@pytest.mark.usefixtures("trained")
def test_its_weights_are_those_of_a_job(sqlite_service, folder):
    with Cellgebra(sqlite_service.base_url) as client:
        dataset = client.datasets.upload(folder / "titers.tsv", SPEC)
        run = client.train({**TRAINING, "dataset_id": dataset.id})
        run.wait()
        model = run.model()
        expected = model.score(["PP_0001:knockdown"], ["mean"]).labels[0].mean
    weights = (folder / "model" / "weights.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == model.resource.weights_sha256
    shown = subprocess.run(
        [sys.executable, folder / "model" / "example.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("titer mg/L mean [")
    assert expected[0] > 0


@pytest.mark.slow
def test_it_tells_its_story_and_leaves_a_whole_folder(folder, trained):
    *events, manifest = map(json.loads, trained.stdout.splitlines())
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["data"]["state"] for event in events if event["type"] == "state"] == [
        "RUNNING",
        "SUCCEEDED",
    ]
    assert {event["type"] for event in events} >= {"state", "progress"}
    stored = (folder / "model" / "manifest.json").read_text()
    assert ModelManifest.model_validate(manifest) == ModelManifest.model_validate_json(stored)
    assert {path.name for path in (folder / "model").iterdir()} == {
        "README.md",
        "example.py",
        "manifest.json",
        "report.html",
        "report.json",
        "weights.safetensors",
    }


@pytest.mark.slow
def test_the_command_itself_loads_no_torch(trained):
    assert trained.stderr.endswith("torch False")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ('labels=[{"name": "titre"}]', 4, "titre"),
        ('genes={"gene_table_id": "genes_1"}', 5, "genes: a gene table is kept by a service"),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder(folder, tmp_path, change, status, told):
    done = train(folder, tmp_path / "out", "--set", change)
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_stays_as_it_is(folder, tmp_path):
    (tmp_path / "mine").write_text("x")
    done = train(folder, tmp_path)
    assert done.returncode == 4
    assert "holds something" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_one_that_is_interrupted_leaves_no_process_and_no_folder(folder, tmp_path):
    words = ["train", folder / "spec.json", "--local", "--json", "--output", tmp_path / "out"]
    words += ["--table", folder / "titers.tsv", "--columns", folder / "columns.json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert "RUNNING" in process.stdout.readline()
    (child,) = psutil.Process(process.pid).children()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130, complaint
    assert "Traceback" not in complaint
    assert not child.is_running()
    assert not (tmp_path / "out").exists()
