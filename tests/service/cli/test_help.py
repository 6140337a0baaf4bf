"""What every command has in common, and that to ask for help loads nothing heavy."""

import json
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from service.cli.commands import app

SERVED = {"celery", "fastapi", "grpc", "psycopg", "service.contract", "sqlalchemy", "uvicorn"}
SCIENCE = {"anndata", "duckdb", "h5py", "numpy", "pandas", "polars", "pyarrow", "torch", "worker"}
HEAVY = SERVED | SCIENCE | {"httpx", "rich", "service.client", "yaml"}
DELETIONS = {"datasets delete", "genes delete", "jobs delete", "models delete"}  # say nothing
PROCESSES = {"api", "rpc", "scheduler", "up"}  # run until they are stopped, and say where
STORIES = {"demo"}  # is there to be read
DOCUMENTS = {"openapi", "spec init"}  # are one document themselves
WITHOUT_JSON = DELETIONS | PROCESSES | STORIES | DOCUMENTS
ASK = """
import sys
from service.cli.main import main
sys.argv[0] = "cellgebra"
try:
    main()
except SystemExit as end:
    code = end.code
import json
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def leaves(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


LEAVES = dict(leaves(get_command(app)))


@pytest.mark.parametrize("words", ["--help", "train --help", "models compare --help", "doctor -h"])
def test_help_loads_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", ASK, *words.split()], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert "Usage: cellgebra" in done.stdout
    assert HEAVY & set(modules) == set()
    assert words != "--help" or "pydantic" not in modules  # options are read with it


def test_every_command_says_what_it_does():
    assert [name for name, command in LEAVES.items() if not command.help] == []


def test_every_command_that_tells_something_tells_it_as_json():
    without = {
        name
        for name, command in LEAVES.items()
        if "--json" not in [option for one in command.params for option in one.opts]
    }
    assert without == WITHOUT_JSON


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_told_how_to_complete(shell):
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        env={"_CELLGEBRA_COMPLETE": f"source_{shell}", "PATH": ""},
    )
    assert "_CELLGEBRA_COMPLETE" in done.stdout


def test_the_version_as_json():
    said = CliRunner().invoke(app, ["version", "--json"])
    assert set(json.loads(said.stdout)) == {"version"}
