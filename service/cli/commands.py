"""Commands. Each imports what it runs when it runs, so that `--help` and children start fast."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from service.cli import (
    datasets,
    doctor,
    jobs,
    keys,
    maintenance,
    models,
    panels,
    runs,
    scores,
    specs,
    trainings,
)
from service.cli.asking import DEFAULT_URL, AsJson, Url, fail
from service.cli.extras import missing_extra, missing_local
from service.cli.maintenance import DatabaseUrl, DataDir, tell_schema

app = typer.Typer(
    help="Train on strain designs, predict phenotypes with their uncertainty.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(datasets.datasets, name="datasets")
app.add_typer(datasets.genes, name="genes")
app.command()(trainings.train)
app.add_typer(jobs.jobs, name="jobs")
app.add_typer(models.models, name="models")
app.command()(scores.score)
app.command()(runs.score_table)
app.command()(runs.screen)
app.command()(panels.panel)
app.add_typer(specs.spec, name="spec")
app.command()(doctor.doctor)
app.add_typer(keys.keys, name="keys")
app.add_typer(maintenance.db, name="db")
app.command()(maintenance.gc)
app.command()(keys.audit)

_DESCRIPTION_SECONDS = 30.0

_TorchThreads = Annotated[
    int | None,
    typer.Option(
        min=1, help="threads of a worker. [default: all to train, 1 to score, 4 for much]"
    ),
]


@app.command()
def up(
    *,
    data_dir: DataDir = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="REST port, 0 for any free one. [default: 8000]")
    ] = None,
    grpc_port: Annotated[
        int | None, typer.Option(help="gRPC port, 0 for any free one. [default: 8001]")
    ] = None,
    database_url: DatabaseUrl = None,
    broker_url: Annotated[
        str | None, typer.Option(help="Valkey or Redis URL. [default: the bundled server]")
    ] = None,
    torch_threads: _TorchThreads = None,
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
    _require_local("up")
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
def rpc() -> None:
    """Serve gRPC alone, beside an api with CELLGEBRA_API_SERVES_GRPC=false."""
    from service.cli.processes import run_rpc

    _start(run_rpc)


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
    as_json: AsJson = False,
) -> None:
    """Bring the database to the newest schema."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.cli.processes import NotStartedError, prepare_database

    try:
        tell_schema(prepare_database(is_sole=take_over), as_json=as_json)
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
    as_json: AsJson = False,
) -> None:
    """List the losses that a service knows, or show one: formula, parameters, source."""
    from service.cli.losses import chosen, details, overview
    from service.client.cellgebra import Cellgebra
    from service.contract.errors import CellgebraError

    try:
        with Cellgebra(url) as client:
            known = client.losses()
        if as_json:
            lines = [one.model_dump_json() for one in chosen(known, name)]
        else:
            lines = overview(known) if name is None else details(known, name)
    except CellgebraError as error:
        fail(error)
    typer.echo("\n".join(lines))


@app.command()
def sweep(
    spec: Annotated[Path, typer.Argument(help="JSON, YAML or TOML; - is standard input.")],
    *,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Queue a sweep, wait for its end, and show its trials."""
    from service.cli.sweeps import run_sweep

    _tell_all(lambda: run_sweep(url, spec, as_json=as_json))


@app.command()
def sweeps(
    sweep_id: Annotated[
        str | None, typer.Argument(help="A sweep to show with its trials. [default: list all]")
    ] = None,
    *,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List sweeps, or show one."""
    from service.cli.sweeps import list_sweeps

    _tell_all(lambda: list_sweeps(url, sweep_id, as_json=as_json))


@app.command()
def demo(
    *,
    data_dir: Annotated[Path, typer.Option(help="Folder of all data.")] = Path(
        "cellgebra-data/demo"
    ),
) -> None:
    """Train on real strain designs and rank new ones, on a service that starts and stops with it.

    Isoprenol titres of Pseudomonas putida, which come with this installation. Ctrl-C leaves no
    process behind, and it can be run again at any time.
    """
    _require_local("demo")
    from service.cli.demo.run import run_demo

    run_demo(data_dir)


def _require_local(command: str) -> None:
    missing = missing_local()
    if missing is not None:
        _fail(missing_extra(command, missing))


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
        fail(error)


@app.command()
def openapi(*, url: Url = DEFAULT_URL) -> None:
    """Print a service's description of its REST API (OpenAPI, JSON)."""
    from contextlib import closing

    from service.client.transport import Transport
    from service.contract.errors import CellgebraError

    try:
        with closing(Transport(url, None, _DESCRIPTION_SECONDS, None)) as transport:
            text = transport.send("GET", "/openapi.json").text
    except CellgebraError as error:
        fail(error)
    typer.echo(text)


@app.command()
def version(*, as_json: AsJson = False) -> None:
    """Print the version."""
    from importlib.metadata import version as installed_version

    found = installed_version("cellgebra")
    typer.echo(f'{{"version": "{found}"}}' if as_json else found)


def _tell(line: str) -> None:
    with suppress(OSError):  # the terminal, or who read our output, may be gone
        typer.echo(line)


def _fail(problem: str) -> NoReturn:
    typer.echo(f"cellgebra: {problem}", err=True)
    raise typer.Exit(1)
