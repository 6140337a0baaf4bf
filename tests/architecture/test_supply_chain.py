"""What may never be called: it runs what a file or a caller has written."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("service", "worker")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "pb" not in path.parts
]
# Modules that unpickle, or run a text as a program.
MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "telnetlib"}
CALLS = {"eval", "exec", "compile", "os.system", "os.popen", "torch.load", "torch.jit.load"}
CALLS |= {"pd.read_pickle", "pandas.read_pickle", "yaml.load", "yaml.unsafe_load", "yaml.full_load"}


def name_of(node):
    """`a.b.c` as it is written; None for anything that is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := name_of(node.value)):
        return f"{owner}.{node.attr}"
    return None


def dangers_in(source):
    """What a source imports or calls of the above, by line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        yield from ((node.lineno, name) for name in names if name.partition(".")[0] in MODULES)
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            if name in CALLS:
                yield node.lineno, name
            for keyword in node.keywords:
                is_on = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                if keyword.arg in ("allow_pickle", "shell") and is_on:
                    yield node.lineno, f"{keyword.arg}=True"


def test_nothing_is_unpickled_and_no_text_is_run():
    found = [
        f"{path.relative_to(ROOT)}:{line} {what}"
        for path in FILES
        for line, what in dangers_in(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "import yaml\nyaml.load(text)",
        "numpy.load(path, allow_pickle=True)",
        "subprocess.run(text, shell=True)",
        "eval(text)",
    ],
)
def test_each_of_them_would_be_found(source):
    assert len(list(dangers_in(source))) == 1


def test_numpy_reads_no_objects():
    """Its own default, on which a file of another version of it would have to agree."""
    import inspect

    import numpy as np

    assert inspect.signature(np.load).parameters["allow_pickle"].default is False


def test_a_celery_message_is_json_alone(monkeypatch):
    from worker.app import _configuration

    monkeypatch.setenv("CELLGEBRA_BROKER_URL", "unix:///run/cellgebra/broker.sock")
    configuration = _configuration()
    assert configuration["accept_content"] == ["json"]
    assert configuration["task_serializer"] == configuration["result_serializer"] == "json"


def test_every_version_is_locked():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#") and "==" not in line] == []


def test_no_private_key_is_kept():
    """No file of the repository holds a private key."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    pattern = "BEGIN [A-Z ]*PRIVATE " + "KEY"
    done = subprocess.run(
        [git, "grep", "-lE", pattern], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == []
