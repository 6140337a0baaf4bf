"""The house rules that no linter knows: sizes, names, characters, folders."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"benchmarks", "docker", "docs", "examples", "proto", "service", "tests", "worker"}
# What tools and the service leave behind; .gitignore has the same list.
LEFT_BEHIND = re.compile(r"\..*|build|dist|shared|__pycache__|cellgebra-data.*|.*\.egg-info")
GENERATED = ROOT / "service" / "rpc" / "pb"
VAGUE = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
TEXT = {".cfg", ".ini", ".md", ".mako", ".proto", ".py", ".toml", ".txt", ".yaml", ".yml"}


def ours(suffixes, *folders):
    found = [path for name in folders or sorted(FOLDERS) for path in (ROOT / name).rglob("*")]
    return sorted(
        path
        for path in found
        if path.suffix in suffixes
        and "__pycache__" not in path.parts
        and not path.is_relative_to(GENERATED)
    )


def relative(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_length(node):
    """Lines below the signature (the options of a command are a table), docstring left out."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return node.end_lineno - first.lineno + 1


def test_the_root_has_no_other_folder():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert {name for name in folders if not LEFT_BEHIND.fullmatch(name)} <= FOLDERS


@pytest.mark.parametrize("folder", ["service", "worker", "tests"])
def test_no_file_is_too_long(folder):
    long = [
        path for path in ours({".py"}, folder) if len(path.read_text().splitlines()) > LONGEST_FILE
    ]
    assert relative(long) == []


@pytest.mark.parametrize("folder", ["service", "worker"])
def test_no_function_is_too_long(folder):
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in ours({".py"}, folder)
        for node in functions(path)
        if body_length(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_module_has_a_vague_name():
    vague = [path for path in ours({".py"}) if VAGUE & {path.stem, *path.relative_to(ROOT).parts}]
    assert relative(vague) == []


def test_every_text_is_ascii():
    other = [path for path in ours(TEXT) if not path.read_bytes().isascii()]
    assert relative(other) == []


def test_the_contract_re_exports_nothing():
    assert (ROOT / "service" / "contract" / "__init__.py").read_text().strip() == ""


def test_no_python_lies_beside_the_protos():
    # A package `proto` at the root would shadow proto-plus.
    assert relative((ROOT / "proto").rglob("*.py")) == []
