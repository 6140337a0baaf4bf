"""One flow by curl, buf curl, Python and the command line, as docs/api.md has it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_tutorial import (
    ADDRESS,
    commands,
    pattern_of,
    read_steps,
    run,
    without_figures,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
RPC_ADDRESS = "http://127.0.0.1:8001"
DOORS = ("curl", "buf curl", "Python", "The command line")
SCORES = re.compile(r"^\[([\d.]+), ([\d.]+)\]$", re.MULTILINE)

__all__ = ["commands"]


def section(name):
    """What stands under a heading, until the next."""
    return re.search(rf"^### {name}\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def tools(commands):
    """The folder of commands, with buf in it; `make proto-lint` installs that."""
    if shutil.which("buf") is None:
        buf = Path(sys.prefix) / "node" / "node_modules" / ".bin" / "buf"
        assert buf.exists(), "buf is missing: make proto-lint"
        (commands / "buf").symlink_to(buf)
    return commands


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_door_leads_to_the_same_scores(sqlite_service, tmp_path, tools):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    pick = read_steps(section("curl"))[1]
    found = {}
    for name in DOORS:
        text = section(name).replace(ADDRESS, sqlite_service.base_url)
        text = text.replace(RPC_ADDRESS, f"http://{sqlite_service.grpc_address}")
        steps = [pick, *read_steps(text)]
        try:
            outputs = run(steps, tmp_path, tools)
        except subprocess.TimeoutExpired as error:
            pytest.fail(f"{name} stops after\n{error.output}\n{sqlite_service.logs()}")
        for step, output in zip(steps, outputs, strict=True):
            said, printed = step.output, output.strip()
            if step.varies:
                said, printed = without_figures(said), without_figures(printed)
            assert pattern_of(said).fullmatch(printed), f"{name}\n$ {step.command}\n{output}"
        (found[name],) = SCORES.findall("\n".join(outputs))
    assert len(set(found.values())) == 1, found


def test_every_door_does_the_whole_flow():
    for name in DOORS:
        text = section(name)
        assert SCORES.search(text), name
        assert "SUCCEEDED" in text
        assert len(read_steps(text)) > 0
