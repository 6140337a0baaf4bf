"""The tutorials' transcripts, run by bash against the running service."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = [ROOT / "docs" / "tutorial.md", ROOT / "docs" / "search_tutorial.md"]
STAND_IN = Path(__file__).with_name("curl.py")
ADDRESS = "http://127.0.0.1:8000"
END_OF_OUTPUT = "\x1e"
TIMEOUT_SECONDS = 240

_BLOCK = re.compile(r"^```console( varies)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_GENOTYPE = re.compile(r"PP_\d{4}:knockdown(\+PP_\d{4}:knockdown)*")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e-?\d+)?")
_ID = re.compile(r"\b(model_)?[0-9a-f]{32,64}\b")


@dataclass(frozen=True)
class Step:
    """A command and what it is said to print. In a block that `varies`, figures may differ."""

    command: str
    output: str
    varies: bool


def read_steps(text):
    """Steps of all `console` blocks: `$` begins a command, `>` continues it."""
    steps = []
    for varies, block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            count = 1 + next((i for i, line in enumerate(lines[1:]) if line[:2] != "> "), 10**6)
            command = "\n".join([lines[0], *(line[2:] for line in lines[1:count])])
            steps.append(Step(command, "\n".join(lines[count:]), bool(varies)))
    return steps


def pattern_of(output):
    """A regular expression: `...` is any text within a line, a line of it any lines."""
    lines = [
        r"(?s:.*?)" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*?")
        for line in output.strip().splitlines()
    ]
    return re.compile("\n".join(lines))


def without_figures(text):
    """Text with ids, genotypes and numbers made alike; columns may become wider."""
    for pattern, name in ((_ID, "ID"), (_GENOTYPE, "GENOTYPE"), (_NUMBER, "0")):
        text = pattern.sub(name, text)
    return re.sub(r" +", " ", text)


def run(steps, folder, commands):
    """Output of each command; all of them share one shell."""
    script = "".join(f"{step.command}\nprintf '{END_OF_OUTPUT}'\n" for step in steps)
    path = [str(commands), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        [shutil.which("bash"), "--norc", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )
    return done.stdout.split(END_OF_OUTPUT)[:-1]


def curl_version():
    """Of the installed curl, e.g. (7, 88); (0, 0) without one."""
    curl = shutil.which("curl")
    text = subprocess.check_output([curl, "--version"], text=True) if curl else "curl 0.0"
    return tuple(map(int, re.match(r"curl (\d+)\.(\d+)", text).groups()))


@pytest.fixture
def commands(tmp_path):
    """A folder for PATH; it holds a stand-in where curl lacks `--url-query`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if curl_version() < (7, 87):
        curl = folder / "curl"
        curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
        curl.chmod(0o755)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_every_command_prints_what_the_page_says(page, sqlite_service, tmp_path, commands):
    text = page.read_text()
    assert text.count(ADDRESS) == 1
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    steps = read_steps(text.replace(ADDRESS, sqlite_service.base_url))
    outputs = run(steps, tmp_path, commands)
    assert len(outputs) == len(steps)
    for step, output in zip(steps, outputs, strict=True):
        said, printed = step.output, output.strip()
        if step.varies:
            said, printed = without_figures(said), without_figures(printed)
        assert pattern_of(said).fullmatch(printed), f"$ {step.command}\n{output}"


def test_the_transcript_is_read_whole():
    steps = read_steps(
        "```console\n$ a \\\n>   b\nc\n\n$ d\n```\n\n```console varies\n$ e\n1.5\n```\n"
    )
    assert steps == [
        Step("a \\\n  b", "c\n", varies=False),
        Step("d", "", varies=False),
        Step("e", "1.5", varies=True),
    ]


def test_three_dots_stand_for_any_text_and_for_any_lines():
    assert pattern_of('{"id":"...","state":1}').fullmatch('{"id":"a.b","state":1}')
    assert pattern_of("a\n...\nz").fullmatch("a\nb\nc\nz")
    assert not pattern_of("a...z").fullmatch("a\nz")
    assert not pattern_of("a.z").fullmatch("abz")


def test_only_figures_may_vary():
    assert without_figures("rmse   178.53 of PP_0368:knockdown") == "rmse 0 of GENOTYPE"
    assert without_figures("model_" + "a1" * 16) == "ID"
