"""`cellgebra jobs`: trainings, searches and scoring jobs, by their ids whatever their kind.

A sweep is cancelled, resumed and deleted here, too.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Limit, Url, ask, list_all, show

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.client.runs import JobRun
    from service.client.sweeps import SweepRun

jobs = typer.Typer(help="Jobs of every kind.", no_args_is_help=True)

KINDS = ("training", "search", "scoring")
_Kind = Annotated[
    str | None, typer.Option(help="training, search or scoring. [default: all of them]")
]

_COLUMNS = {
    "id": lambda job: job.id,
    "kind": lambda job: _kind_of(job),
    "state": lambda job: job.state.value,
    "done": lambda job: f"{job.fraction:.0%}",
    "name": lambda job: job.spec.name,
    "made": lambda job: job.create_time,
}


@jobs.command("list")
def list_jobs(
    *, kind: _Kind = None, limit: Limit = 20, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """List jobs, newest first."""
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"{kind} is none of {', '.join(KINDS)}", param_hint="--kind")

    def work(client: "Cellgebra") -> None:
        chosen = KINDS if kind is None else (kind,)
        newest = itertools.chain.from_iterable(
            itertools.islice(_listed(client, one), limit) for one in chosen
        )
        found = sorted((run.job for run in newest), key=lambda job: job.create_time, reverse=True)
        list_all(found, _COLUMNS, as_json=as_json, limit=limit)

    ask(url, work)


@jobs.command("show")
def show_job(job_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a job: how far it is, when it may start, what it has made."""

    def work(client: "Cellgebra") -> None:
        job = find_run(client, job_id).job
        show(job, job_rows(job), as_json=as_json)

    ask(url, work)


@jobs.command()
def watch(job_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Follow a job to its end; one that has FAILED ends this with its error."""
    ask(url, lambda client: follow(find_run(client, job_id), as_json=as_json))


@jobs.command()
def cancel(job_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Cancel a job: at once if it is QUEUED, else when its worker stops. Or a sweep."""

    def work(client: "Cellgebra") -> None:
        _show(find_job_or_sweep(client, job_id).cancel(), as_json=as_json)

    ask(url, work)


@jobs.command()
def resume(job_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Queue a FAILED or CANCELLED job, or sweep, again; it goes on from what was kept."""

    def work(client: "Cellgebra") -> None:
        _show(find_job_or_sweep(client, job_id).resume(), as_json=as_json)

    ask(url, work)


@jobs.command()
def logs(job_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Print the events that a job has written, and those to come until it ends."""

    def work(client: "Cellgebra") -> None:
        for event in find_run(client, job_id).events():
            if as_json:
                typer.echo(event.model_dump_json())
            else:
                told = " ".join(f"{name}={value}" for name, value in event.data.items())
                typer.echo(f"{event.create_time.isoformat()}  {event.type.value:<10}  {told}"[:400])

    ask(url, work)


@jobs.command()
def delete(
    job_id: str,
    *,
    cascade: Annotated[
        bool, typer.Option("--cascade", help="Also its model; of a sweep its jobs, too.")
    ] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Delete a job that has ended, with its events and files. Or a sweep."""
    ask(url, lambda client: find_job_or_sweep(client, job_id).delete(cascade=cascade))


def find_run(client: "Cellgebra", job_id: str) -> "JobRun[Any]":
    """The job of this id, of whatever kind.

    Raises:
        NotFoundError: there is none.
    """
    from service.contract.errors import NotFoundError

    finders: tuple[Callable[[str], JobRun[Any]], ...]
    finders = (client.run, client.search_run, client.scoring_run)
    for find in finders:
        with suppress(NotFoundError):
            return find(job_id)
    raise NotFoundError(f"no job {job_id}: `cellgebra jobs list` has them")


def find_job_or_sweep(client: "Cellgebra", id_: str) -> "JobRun[Any] | SweepRun":
    """The job of this id, of whatever kind, or the sweep.

    Raises:
        NotFoundError: there is neither.
    """
    from service.contract.errors import NotFoundError

    with suppress(NotFoundError):
        return client.sweep_run(id_)
    return find_run(client, id_)


def follow(run: "JobRun[Any]", *, as_json: bool) -> None:
    """Show a job until it ends, then what it has made; as JSON, whatever has become of it.

    Raises:
        CellgebraError: it has FAILED.
    """
    from service.cli.watching import watching
    from service.contract.jobs import TERMINAL_STATES

    if as_json:
        try:
            run.wait(lambda event: typer.echo(event.model_dump_json()))
        finally:
            if run.state in TERMINAL_STATES:  # else it was lost sight of
                typer.echo(run.job.model_dump_json())
        return
    with watching() as told:
        job = run.wait(told)
    show(job, job_rows(job), as_json=False)


def job_rows(job: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 - a job of any kind
    """What matters of a job."""
    start = job.expected_start_seconds
    return [
        ("id", job.id),
        ("name", job.spec.name),
        ("state", job.state.value),
        ("done", f"{job.fraction:.0%}"),
        ("seconds left", job.estimated_seconds_left),
        ("place in queue", job.queue_position),
        ("may start in", None if start is None else f"{start:.0f} s"),
        ("model", getattr(job, "model_id", None)),
        ("error", job.error.detail if job.error else None),
    ]


def _show(found: Any, *, as_json: bool) -> None:  # noqa: ANN401 - a job of any kind, or a sweep
    from service.cli.sweeps import summary
    from service.contract.resources import Sweep

    if not isinstance(found, Sweep):
        show(found, job_rows(found), as_json=as_json)
    else:
        typer.echo(found.model_dump_json() if as_json else summary(found))


def _listed(client: "Cellgebra", kind: str) -> "Iterator[JobRun[Any]]":
    if kind == "training":
        return client.runs()
    return client.searches() if kind == "search" else client.scoring_runs()


def _kind_of(job: Any) -> str:  # noqa: ANN401
    return type(job).__name__.removesuffix("Job").lower()
