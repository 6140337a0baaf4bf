"""Handing a secret over: to the terminal, or into a file that nobody else can read."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer

HandOver = Callable[[str, str], None]  # takes the id of a key, and its secret


@contextmanager
def handing_over(out: Path | None, *, as_json: bool = False) -> Iterator[HandOver]:
    """How to hand a secret over; the file for it is there before, and goes if it gets none.

    As JSON: one object with the id, and either the secret or the file that it is in.
    """
    if out is None:
        yield _show_json if as_json else _show
        return
    try:
        number = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        _fail(f"{out} is there already: name another file, or remove it")
    except OSError as error:
        _fail(f"{out} cannot be written: {error.strerror}")
    written: list[str] = []

    def write(key_id: str, secret: str) -> None:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(number)
        written.append(key_id)

    try:
        with os.fdopen(number, "w") as file:
            yield write
    except BaseException:
        out.unlink()
        raise
    if written and as_json:
        typer.echo(json.dumps({"id": written[0], "path": str(out)}))
    elif written:
        typer.echo(f"{written[0]} is in {out}", err=True)
    else:
        out.unlink()


def _show(key_id: str, secret: str) -> None:
    typer.echo(secret)
    typer.echo(f"{key_id}; this is shown once", err=True)


def _show_json(key_id: str, secret: str) -> None:
    typer.echo(json.dumps({"id": key_id, "secret": secret}))


def hand_over_made(hand_over: HandOver, key_id: str, secret: str) -> None:
    """Hand over what a service has made already."""
    try:
        hand_over(key_id, secret)
    except OSError as error:
        _fail(f"{key_id} has a new secret, which could not be written ({error}): rotate it")


def _fail(problem: str) -> NoReturn:
    typer.echo(f"cellgebra: {problem}", err=True)
    raise typer.Exit(1)
