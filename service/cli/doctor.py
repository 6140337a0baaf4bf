"""`cellgebra doctor`: what this installation and a running service have, with advice."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Url

_LOW_DISK_BYTES = 10 * 2**30


class Finding(NamedTuple):
    """One thing looked at; `advice` says what to do where it is not well."""

    what: str
    found: str
    advice: str | None = None


def doctor(*, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Look at versions, GPU, disk and a running service; exit status 1 if one is not well."""
    findings = [*_installation(), *_settings(), *_service(url)]
    for finding in findings:
        if as_json:
            import json

            typer.echo(json.dumps(finding._asdict()))
            continue
        mark = "ok  " if finding.advice is None else "look"
        typer.echo(f"{mark}  {finding.what:<12}  {finding.found}")
        if finding.advice:
            typer.echo(f"      {'':<12}  -> {finding.advice}")
    raise typer.Exit(any(finding.advice for finding in findings))


def _installation() -> Iterator[Finding]:
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding("python", f"{python}, {os.cpu_count()} cores")
    yield Finding("cellgebra", _version("cellgebra") or "from a folder, not installed")
    for name, extra in (("fastapi", "service"), ("celery", "service"), ("torch", "worker")):
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
    done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - ours
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


def _settings() -> Iterator[Finding]:
    if find_spec("pydantic_settings") is None:
        return
    from service.cli.processes import NotStartedError, read_settings

    try:
        settings = read_settings()
    except NotStartedError as error:
        yield Finding("settings", str(error).splitlines()[0], "mend it in the environment")
        return
    folder = settings.data_dir if settings.data_dir.exists() else Path()
    free = shutil.disk_usage(folder).free
    low = "less than 10 GiB: make room before you train" if free < _LOW_DISK_BYTES else None
    yield Finding("disk", f"{free / 2**30:,.1f} GiB free at {folder.resolve()}", low)


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
    try:
        return version(name)
    except PackageNotFoundError:
        return None
