"""What a fresh process loads: the service no science, the worker's app neither door nor torch."""

import json
import subprocess
import sys
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SCIENCE = {
    "anndata",
    "duckdb",
    "h5py",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
} | {
    "torch",
    "worker",
}
DOORS = {"fastapi", "grpc", "starlette", "typer", "uvicorn"}


def loaded_by(module, *, prelude="", environment=None):
    code = f"{prelude}\nimport json, sys, {module}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("service.cli.commands", SCIENCE),
        ("service.client.cellgebra", SCIENCE | DOORS | {"celery", "sqlalchemy"}),
        ("service.client.frames", SCIENCE | DOORS | {"celery", "sqlalchemy"}),
        ("cellgebra", SCIENCE | DOORS | {"celery", "sqlalchemy"}),
        ("service.rest.app", SCIENCE),
        ("service.server", SCIENCE),
        ("worker.app", DOORS | {"numpy", "pandas", "torch"}),
    ],
)
def test_a_fresh_process_stays_light(module, absent):
    assert loaded_by(module) & absent == set()


def test_the_worker_app_reads_no_setting_at_import():
    assert "celery" in loaded_by("worker.app", environment={})


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        ("cellgebra", {"httpx", "pydantic"}),
        ("service.client.cellgebra", {"httpx", "pydantic"}),
        ("service.contract.resources", {"pydantic"}),
    ],
)
def test_the_client_needs_the_base_install_alone(module, needed):
    base = distributions_of_the_base_install()
    foreign = sorted(
        name
        for name, owners in packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & base
    )
    assert {"fastapi", "sqlalchemy", "torch"} <= set(foreign)
    # An entry of None makes the import of that name fail, as if it were not installed.
    without = f"import sys\nsys.modules.update(dict.fromkeys({foreign}))"
    assert needed <= loaded_by(module, prelude=without)


def distributions_of_the_base_install():
    """Names of the distributions that `pip install cellgebra`, without an extra, brings."""
    found, waiting = set(), ["cellgebra"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        needed = [Requirement(text) for text in requires(name) or []]
        waiting += [
            one.name for one in needed if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return found
