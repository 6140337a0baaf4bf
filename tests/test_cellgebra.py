"""The one module that users import."""

import tomllib
from pathlib import Path

import cellgebra


def test_the_public_surface_is_small():
    assert set(cellgebra.__all__) == {
        "AsyncCellgebra",
        "Cellgebra",
        "CellgebraError",
        "DatasetSpec",
        "TrainingSpec",
        "__version__",
    }
    assert all(hasattr(cellgebra, name) for name in cellgebra.__all__)


def test_the_version_is_that_of_the_distribution():
    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    assert cellgebra.__version__ == project["project"]["version"]
