"""What commands that ask a running service share: its address, JSON, tables, exit statuses."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from service.client.cellgebra import Cellgebra
    from service.contract.errors import CellgebraError

DEFAULT_URL = "http://127.0.0.1:8000"  # that of the client, which takes time to import

Url = Annotated[
    str, typer.Option("--url", envvar="CELLGEBRA_URL", help="Address of a running service.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")]

# Exit status by the code of an error; 2 is the command line's own, 1 anything else.
EXIT_STATUS = {
    "NOT_FOUND": 3,
    "INVALID_ARGUMENT": 4,
    "FAILED_PRECONDITION": 5,
    "ALREADY_EXISTS": 5,
    "UNAVAILABLE": 6,
    "DEADLINE_EXCEEDED": 6,
    "RESOURCE_EXHAUSTED": 6,
    "UNAUTHENTICATED": 7,
    "PERMISSION_DENIED": 7,
}
_OFFENDERS = 20

Row = Mapping[str, Any]


def ask(url: str, work: "Callable[[Cellgebra], None]") -> None:
    """Do it with a client; an error of the service ends the command with one line and a status.

    So does a file that cannot be read or written.
    """
    from service.client.cellgebra import Cellgebra
    from service.contract.errors import CellgebraError, InvalidArgumentError

    try:
        with Cellgebra(url) as client:
            work(client)
    except CellgebraError as error:
        fail(error)
    except OSError as error:
        if error.filename is None:  # a pipe that nobody reads any more, say
            raise
        fail(InvalidArgumentError(f"{error.filename}: {error.strerror}"))


def require_target(path: Path | None, *endings: str) -> None:
    """Refuse a file before hours of work are done for it.

    Raises:
        InvalidArgumentError: it is in no folder, is one, or its ending names no format.
    """
    from service.contract.errors import InvalidArgumentError

    if path is None:
        return
    if path.is_dir() or not path.absolute().parent.is_dir():
        wrong = "is a folder" if path.is_dir() else "lies in a folder that is not there"
        raise InvalidArgumentError(f"{path} {wrong}: name a file that can be written")
    if endings and not path.name.endswith(endings):
        raise InvalidArgumentError(f"{path}: name the file {' or '.join(endings)}")


def fail(error: "CellgebraError") -> NoReturn:
    """Say what is wrong, each offender in a line, and exit with the status of its code."""
    typer.echo(f"cellgebra: {error.detail}", err=True)
    for offender in error.offenders[:_OFFENDERS]:
        place = " ".join(
            str(part)
            for part in (
                offender.field,
                None if offender.row is None else f"row {offender.row}",
                offender.column,
            )
            if part
        )
        near = f" (near: {', '.join(offender.suggestions)})" if offender.suggestions else ""
        typer.echo(
            f"  {place}: {offender.message}{near}" if place else f"  {offender.message}", err=True
        )
    if len(error.offenders) > _OFFENDERS:
        typer.echo(f"  and {len(error.offenders) - _OFFENDERS} more", err=True)
    raise typer.Exit(EXIT_STATUS.get(error.code, 1))


def show(resource: "BaseModel", rows: Iterable[tuple[str, Any]], *, as_json: bool) -> None:
    """One resource: all of it as JSON, or what matters in lines of a name and a value."""
    if as_json:
        typer.echo(resource.model_dump_json())
        return
    told = [(name, text_of(value)) for name, value in rows if value is not None]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        typer.echo(f"{name:<{width}}  {value}")


def list_all(
    resources: "Iterable[BaseModel]",
    columns: Mapping[str, Callable[[Any], Any]],
    *,
    as_json: bool,
    limit: int,
) -> None:
    """Up to `limit` resources: a JSON object a line, or a table."""
    chosen = [resource for resource, _ in zip(resources, range(limit), strict=False)]
    if as_json:
        for resource in chosen:
            typer.echo(resource.model_dump_json())
        return
    lines = [[text_of(value(resource)) for value in columns.values()] for resource in chosen]
    table([*columns], lines)


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Columns as wide as what stands in them."""
    widths = [max(len(line[k]) for line in (head, *lines)) for k in range(len(head))]
    for line in (head, *lines):
        typer.echo(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def text_of(value: object) -> str:
    """A value in a line."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value)
    isoformat = getattr(value, "isoformat", None)
    return isoformat(sep=" ", timespec="seconds") if isoformat else str(value)


Limit = Annotated[int, typer.Option(min=1, help="Most rows to show.")]
