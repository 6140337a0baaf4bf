"""A model leaves the service, and scores as it did there."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from cellgebra import Cellgebra

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(service, trained):
    with Cellgebra(service.base_url) as client:
        yield client.model(trained["model_id"])


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    target = tmp_path_factory.mktemp("export")
    path = model.export(target / "model.zip")
    assert list(target.iterdir()) == [path]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(target)
    path.unlink()
    return target


def test_its_files_are_what_the_service_stored(model, folder):
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert hashes.pop("README.md")
    assert set(hashes) == {"manifest.json", "weights.safetensors", "model.onnx", "example.py"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert hashes["weights.safetensors"] == manifest["weights_sha256"]
    readme = (folder / "README.md").read_text()
    assert all(f"| `{sha256}` |" in readme for sha256 in hashes.values())
    assert f"`{model.id}`" in readme
    assert "| isoprenol | mg/L |" in readme


def test_the_onnx_file_scores_as_the_service_does(model, folder):
    edits = json.loads((folder / "manifest.json").read_text())["edits"]
    pairs = [(a, b) for a in range(0, len(edits), 5) for b in range(a + 1, len(edits), 9)]
    scored = model.score([f"{edits[a]}+{edits[b]}@0.3" for a, b in pairs]).labels[0]
    inputs = {"edit": np.array(pairs) + 1, "effect": np.tile([1.0, 0.7], (len(pairs), 1))}
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    for name in ("mean", "sd", "y_compose"):
        (found,) = session.run([f"isoprenol.{name}"], inputs)
        apart = np.abs(found - getattr(scored, name))
        assert apart.max() < 1e-5 * np.std(scored.mean)


def run_python(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
def test_both_examples_run(model, folder):
    edits = json.loads((folder / "manifest.json").read_text())["edits"]
    (label,) = model.score(["", edits[0]]).labels
    assert len((folder / "example.py").read_text().splitlines()) == 10
    printed = run_python(folder, "example.py")
    assert printed == f"isoprenol mg/L mean {label.mean} sd {label.sd}\n"
    (block,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    (text,) = re.findall(r"'isoprenol.mean': array\(\[(.*?)\]\)", run_python(folder, "-c", block))
    assert [float(x) for x in text.split(",")] == pytest.approx(label.mean, rel=1e-5)
