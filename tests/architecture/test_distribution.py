"""What pip gets: a wheel with all that runs and nothing else, and a lock for every dependency."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel_names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


DEMO = "service/cli/demo/"
DEMO_FILES = {
    f"{DEMO}{name}" for name in ("putida_isoprenol_designs.tsv", "mapping.json", "NOTICE")
}


@pytest.mark.slow
def test_the_wheel_holds_what_the_demo_needs(wheel_names):
    assert wheel_names >= DEMO_FILES


@pytest.mark.slow
def test_an_installed_demo_finds_its_data(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "from service.cli.demo.run import data_folder; print(data_folder())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == tmp_path / DEMO


@pytest.mark.slow
def test_the_wheel_holds_the_code_and_no_other_data(wheel_names):
    top = {name.partition("/")[0] for name in wheel_names}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "cellgebra.py",
        "service",
        "worker",
    }
    assert {Path(name).suffix for name in wheel_names - DEMO_FILES} & {
        ".tsv",
        ".csv",
        ".gz",
        ".pyc",
    } == set()


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["service", "worker"])
def test_the_wheel_holds_every_module_and_its_files(wheel_names, folder):
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files - wheel_names == set()


@pytest.mark.slow
def test_the_wheel_carries_licence_and_notice(wheel_names):
    licences = {Path(name).name for name in wheel_names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_base_install_is_the_client(project):
    assert {Requirement(text).name for text in project["dependencies"]} == {"httpx", "pydantic"}


def test_the_service_needs_no_torch_and_the_worker_no_door(project):
    extras = {
        name: {Requirement(text).name for text in texts}
        for name, texts in project["optional-dependencies"].items()
    }
    assert extras["service"] & {"torch", "numpy", "pandas"} == set()
    assert extras["worker"] & {"fastapi", "grpcio", "uvicorn"} == set()


def test_every_dependency_is_locked(project, pins):
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {canonicalize_name(Requirement(text).name) for group in groups for text in group}
    locked = {canonicalize_name(pin.name) for pin in pins}
    assert named - locked == {"cellgebra", "triton"}  # the latter in pyproject.toml


def test_every_lock_is_one_exact_public_version(pins):
    loose = [str(pin) for pin in pins if not re.fullmatch(r"==[^,*+]+", str(pin.specifier))]
    assert loose == []
