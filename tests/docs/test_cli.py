"""docs/cli.md names every command, and the exit statuses that the code has."""

import re
from pathlib import Path

from typer.main import get_command

from service.cli.asking import EXIT_STATUS
from service.cli.commands import app

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def test_it_names_every_command_and_no_other():
    table = PAGE.split("| command |")[1].split("\nSpecs are")[0]
    cells = re.findall(r"^\| (.*?) \| [^|]*\|$", table.replace("\\|", "/"), re.MULTILINE)
    named = {}
    for text in re.findall(r"`([a-z-]+)([^`]*)`", " ".join(cells)):
        named[text[0]] = (
            set(re.findall(r"[a-z-]+", text[1].split()[0])) if "/" in text[1] else set()
        )
    root = get_command(app)
    groups = {name: set(getattr(one, "commands", {})) for name, one in root.commands.items()}
    assert named == groups


def test_its_exit_statuses_are_those_of_the_code():
    statuses = {int(number) for number in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)}
    assert statuses == {0, 1, 2, *EXIT_STATUS.values()}
