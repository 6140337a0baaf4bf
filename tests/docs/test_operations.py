"""docs/operations.md has the settings that the processes read."""

import re
from pathlib import Path

import pytest

from service.contract.inference import MAX_DESIGNS_PER_REQUEST
from service.contract.repositories.paging import MAX_PAGE_SIZE
from service.contract.settings import Settings
from service.rest.body_limit import MAX_JSON_BYTES
from service.rpc.guard import MAX_MESSAGE_BYTES
from service.supervisor import programs

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ROW = re.compile(r"^\| `CELLGEBRA_([A-Z_]+)` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def shown(value):
    """A default as the page writes it."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return " ".join(f"`{item}`" for item in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_its_settings_are_those_of_the_code():
    fields = Settings.model_fields
    expected = [
        (name.upper(), shown(field.default), field.description) for name, field in fields.items()
    ]
    assert ROW.findall(PAGE) == expected


def test_its_processes_are_those_of_cellgebra_up(tmp_path):
    names = {program.name for program in programs.programs(Settings(data_dir=tmp_path))}
    section = PAGE.split("## Processes")[1].split("## Options")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)`", section, re.MULTILINE)) == names | {"broker"}


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("designs in a score", f"{MAX_DESIGNS_PER_REQUEST:,}"),
        ("JSON body, gRPC request", f"{MAX_MESSAGE_BYTES >> 20} MiB"),
        ("JSON body, gRPC request", f"{MAX_JSON_BYTES >> 20} MiB"),
        ("page", f"{MAX_PAGE_SIZE:,} items"),
    ],
)
def test_its_limits_are_those_of_the_code(what, limit):
    assert f"| {what} | {limit} |" in PAGE
