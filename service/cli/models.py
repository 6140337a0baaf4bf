"""`cellgebra models`: list, show, compare, promote, report, export, delete."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Limit, Url, ask, list_all, show, text_of

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.client.models import RemoteModel

models = typer.Typer(help="Registered models.", no_args_is_help=True)

_Reference = Annotated[str, typer.Argument(help="Its id, name@version or name@alias.")]

_COLUMNS = {
    "id": lambda model: model.id,
    "model": lambda model: f"{model.name}@{model.version}",
    "aliases": lambda model: ", ".join(model.aliases) or "-",
    "kind": lambda model: model.kind,
    "made": lambda model: model.create_time,
}


@models.command("list")
def list_models(
    *,
    name: Annotated[str | None, typer.Option(help="Versions of this name alone.")] = None,
    with_archived: Annotated[bool, typer.Option("--with-archived")] = False,
    limit: Limit = 50,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """List models, newest first."""

    def work(client: "Cellgebra") -> None:
        found = client.models(name=name, with_archived=with_archived)
        resources = (model.resource for model in found)
        list_all(resources, _COLUMNS, as_json=as_json, limit=limit)

    ask(url, work)


@models.command("show")
def show_model(reference: _Reference, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a model and what its report says first."""

    def work(client: "Cellgebra") -> None:
        model = client.model(reference)
        show(model.resource, _rows(model), as_json=as_json)

    ask(url, work)


@models.command()
def compare(
    references: Annotated[list[str], typer.Argument(help="Two models or more.")],
    *,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Put models beside each other: figures on one test part, and whether they rank alike."""

    def work(client: "Cellgebra") -> None:
        found = client.registry.compare(references)
        if as_json:
            typer.echo(found.model_dump_json())
            return
        for model in found.models:
            typer.echo(f"{model.name}@{model.version}  {model.kind}")
            for figures in model.figures:
                told = figures.model_dump(exclude_none=True)
                pairs = (f"{name} {text_of(value)}" for name, value in told.items())
                typer.echo(f"  {', '.join(pairs)}")
        for one in found.agreements:
            typer.echo(
                f"{one.label}: Spearman {text_of(one.spearman)} over {one.design_count:,} designs, "
                f"{one.top_overlap_count} of the top {one.top_count} in common (by chance "
                f"{one.chance_overlap_count:.1f})"
            )
        for reason in found.reasons:
            typer.echo(reason)

    ask(url, work)


@models.command()
def promote(
    reference: _Reference,
    alias: Annotated[str, typer.Argument(help="Such as champion.")],
    *,
    note: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Have an alias mean a model, and wait until every answer under it is by that model."""

    def work(client: "Cellgebra") -> None:
        made = client.model(reference).promote(alias, note=note)
        rows = [
            ("id", made.id),
            ("state", made.state.value),
            ("alias", f"{made.name}@{alias}"),
            ("means version", made.to_version),
            ("meant version", made.from_version),
        ]
        show(made, rows, as_json=as_json)

    ask(url, work)


@models.command()
def export(
    reference: _Reference,
    path: Annotated[Path, typer.Argument(help="The zip file to write.")],
    *,
    with_onnx: Annotated[bool, typer.Option(help="Its ONNX file as well.")] = True,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Download a model's files, to use it without the service."""

    def work(client: "Cellgebra") -> None:
        model = client.model(reference)
        _tell_file(model, model.export(path, with_onnx=with_onnx), as_json=as_json)

    ask(url, work)


@models.command()
def report(
    reference: _Reference,
    path: Annotated[Path, typer.Argument(help="The HTML file to write.")],
    *,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Download a model's report, one page for a browser."""

    def work(client: "Cellgebra") -> None:
        model = client.model(reference)
        _tell_file(model, model.save_report(path), as_json=as_json)

    ask(url, work)


@models.command("delete")
def delete_model(reference: _Reference, *, url: Url = DEFAULT_URL) -> None:
    """Delete a model with what is stored of it."""
    ask(url, lambda client: client.model(reference).delete())


def _tell_file(model: "RemoteModel", path: Path, *, as_json: bool) -> None:
    told = {"model_id": model.resource.id, "path": str(path), "size_bytes": path.stat().st_size}
    typer.echo(json.dumps(told) if as_json else path)


def _rows(model: "RemoteModel") -> list[tuple[str, Any]]:
    told = model.resource
    labels = told.report.get("labels", [])
    return [
        ("id", told.id),
        ("model", f"{told.name}@{told.version}"),
        ("aliases", ", ".join(told.aliases) or None),
        ("kind", told.kind),
        ("data set", told.dataset_id),
        ("archived", told.archive_time),
        *((label["name"], label["headline"]["statement"]) for label in labels),
        *((label["name"], label["verdict"]) for label in labels),
    ]
