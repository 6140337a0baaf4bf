"""A repository of its own with a chosen spec, and a small data set behind the isoprenol rows."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy_rows import tables
from benchmarks.accuracy_rows.store import Store
from tests.worker.tables import log_titer, random_designs

CHOICE = """{
 "rows": ["isoprenol_cycles"], "selection": "none: a test",
 "training": {"model": {"kind": "additive", "penalty": 1.0}, "ensemble_size": 1}
}"""


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def specs(tmp_path) -> Path:
    """A folder of specs in a repository; nothing is committed yet."""
    folder = tmp_path / "repository" / "specs"
    folder.mkdir(parents=True)
    git(folder, "init")
    (folder / "isoprenol.json").write_text(CHOICE)
    return folder


@pytest.fixture
def commit(specs):
    def commit() -> None:
        git(specs, "add", "-A")
        git(specs, "commit", "-m", "specs: choose")

    return commit


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """Seven cycles of designs in the place of the example."""
    designs = random_designs(90)
    titer = np.exp(log_titer(designs) + 1)
    rows = ["targets\tcycle\tisoprenol_mg_l\tisoprenol_sd\tis_control"]
    for place, (design, value) in enumerate(zip(designs, titer, strict=True)):
        targets = design.replace(":knockdown", "")
        rows.append(f"{targets}\t{place % 7}\t{value}\t1\t{int(not targets)}")
    folder = tmp_path / "data" / "isoprenol"
    folder.mkdir(parents=True)
    mapping = (tables.EXAMPLES / "isoprenol" / "mapping.json").read_text()
    (folder / "mapping.json").write_text(mapping)
    (folder / "putida_isoprenol_designs.tsv").write_text("\n".join(rows) + "\n")
    monkeypatch.setattr(tables, "EXAMPLES", folder.parent)
    return folder.parent


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "results" / "accuracy", tmp_path / "work")
