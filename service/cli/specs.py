"""`cellgebra spec`: a spec to begin with, and what is wrong with one, by line."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from service.cli.asking import EXIT_STATUS, fail

spec = typer.Typer(help="Specs in files: JSON, YAML or TOML.", no_args_is_help=True)

KINDS = ("training", "sweep", "search", "scoring", "dataset", "gene-table", "network")
_ADVICE = "name a file in a folder that is there and yours, or none to print it"
_Kind = Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")]


@spec.command()
def init(
    kind: _Kind,
    path: Annotated[
        Path | None, typer.Argument(help="A file to write. [default: -, print]")
    ] = None,
) -> None:
    """Write a spec to begin with, as YAML."""
    text = (files("service.cli") / "first_specs" / f"{_known(kind)}.yaml").read_text()
    if path is None or str(path) == "-":
        typer.echo(text, nl=False)
        return
    try:
        with path.open("x") as file:
            file.write(text)
    except FileExistsError:
        typer.echo(f"cellgebra: {path} exists: name another file", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"cellgebra: {path} cannot be written: {error.strerror}; {_ADVICE}", err=True)
        raise typer.Exit(EXIT_STATUS["INVALID_ARGUMENT"]) from None
    typer.echo(path)


@spec.command()
def validate(
    kind: _Kind,
    path: Annotated[Path, typer.Argument(help="The file, or - for standard input.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it with every default.")] = False,
) -> None:
    """Say what is wrong with a spec, each with its line; nothing is sent."""
    from service.cli.spec_files import read_spec
    from service.contract.errors import CellgebraError
    from service.contract.schemas import SPECS

    try:
        found = read_spec(SPECS[_known(kind)], path)
    except CellgebraError as error:
        fail(error)
    typer.echo(found.model_dump_json(indent=1) if as_json else f"{path} is a {kind} spec")


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise typer.BadParameter(f"{kind} is none of {', '.join(KINDS)}")
    return kind
