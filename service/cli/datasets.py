"""`cellgebra datasets` and `cellgebra genes`: upload, list, show, cancel, delete."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Limit, Url, ask, list_all, show

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.contract.resources import Dataset, GeneTable, Network

datasets = typer.Typer(help="Tables of measured designs.", no_args_is_help=True)
genes = typer.Typer(help="Gene tables and their networks.", no_args_is_help=True)

_Table = Annotated[Path, typer.Argument(help="TSV or CSV, may be compressed; Parquet, .h5ad.")]
_Spec = Annotated[Path, typer.Option("--spec", help="What the columns mean: JSON, YAML or TOML.")]
_Name = Annotated[str | None, typer.Option(help="What to call it. [default: the file's name]")]
_Cascade = Annotated[bool, typer.Option("--cascade", help="Also what depends on it.")]

_COLUMNS = {
    "id": lambda one: one.id,
    "state": lambda one: one.state.value,
    "name": lambda one: one.name,
    "made": lambda one: one.create_time,
}


@datasets.command("upload")
def upload_dataset(
    path: _Table,
    spec: _Spec,
    *,
    name: _Name = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Upload a table and wait until it is READY."""

    def work(client: "Cellgebra") -> None:
        made = client.datasets.upload(path, _read("dataset", spec), name=name, progress=True)
        show(made, _dataset_rows(made), as_json=as_json)

    ask(url, work)


@datasets.command("list")
def list_datasets(*, limit: Limit = 50, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List data sets, newest first."""
    ask(
        url,
        lambda client: list_all(client.datasets.list(), _COLUMNS, as_json=as_json, limit=limit),
    )


@datasets.command("show")
def show_dataset(dataset_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a data set: how many designs, edits and measurements."""

    def work(client: "Cellgebra") -> None:
        found = client.datasets.get(dataset_id)
        show(found, _dataset_rows(found), as_json=as_json)

    ask(url, work)


@datasets.command("cancel")
def cancel_dataset(dataset_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Cancel the ingest of a data set."""

    def work(client: "Cellgebra") -> None:
        found = client.datasets.cancel(dataset_id)
        show(found, _dataset_rows(found), as_json=as_json)

    ask(url, work)


@datasets.command("delete")
def delete_dataset(dataset_id: str, *, cascade: _Cascade = False, url: Url = DEFAULT_URL) -> None:
    """Delete a data set."""
    ask(url, lambda client: client.datasets.delete(dataset_id, cascade=cascade))


@genes.command("upload")
def upload_gene_table(
    path: _Table,
    spec: _Spec,
    *,
    name: _Name = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Upload features and other names of genes, and wait until they are READY."""

    def work(client: "Cellgebra") -> None:
        made = client.gene_tables.upload(path, _read("gene-table", spec), name=name, progress=True)
        show(made, _upload_rows(made), as_json=as_json)

    ask(url, work)


@genes.command("upload-network")
def upload_network(
    gene_table_id: str,
    path: _Table,
    spec: _Spec,
    *,
    name: Annotated[str, typer.Option(help="What trainings call it.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Upload edges between the genes of a table, and wait until they are READY."""

    def work(client: "Cellgebra") -> None:
        wanted = _read("network", spec)
        made = client.gene_tables.upload_network(
            gene_table_id, path, wanted, name=name, progress=True
        )
        show(made, _upload_rows(made), as_json=as_json)

    ask(url, work)


@genes.command("list")
def list_gene_tables(*, limit: Limit = 50, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """List gene tables, newest first."""
    ask(
        url,
        lambda client: list_all(client.gene_tables.list(), _COLUMNS, as_json=as_json, limit=limit),
    )


@genes.command("show")
def show_gene_table(gene_table_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show a gene table."""

    def work(client: "Cellgebra") -> None:
        found = client.gene_tables.get(gene_table_id)
        show(found, _upload_rows(found), as_json=as_json)

    ask(url, work)


@genes.command("cancel")
def cancel_gene_table(
    gene_table_id: str, *, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Cancel the ingest of a gene table."""

    def work(client: "Cellgebra") -> None:
        found = client.gene_tables.cancel(gene_table_id)
        show(found, _upload_rows(found), as_json=as_json)

    ask(url, work)


@genes.command("delete")
def delete_gene_table(
    gene_table_id: str, *, cascade: _Cascade = False, url: Url = DEFAULT_URL
) -> None:
    """Delete a gene table."""
    ask(url, lambda client: client.gene_tables.delete(gene_table_id, cascade=cascade))


def _read(kind: str, path: Path) -> Any:  # noqa: ANN401 - the spec of that kind
    from service.cli.spec_files import read_spec
    from service.contract.schemas import SPECS

    return read_spec(SPECS[kind], path)


def _upload_rows(made: "Dataset | GeneTable | Network") -> list[tuple[str, Any]]:
    return [
        ("id", made.id),
        ("name", made.name),
        ("state", made.state.value),
        ("done", None if made.fraction is None else f"{made.fraction:.0%}"),
        ("seconds left", made.estimated_seconds_left),
        ("error", made.error.detail if made.error else None),
    ]


def _dataset_rows(made: "Dataset") -> list[tuple[str, Any]]:
    rows = _upload_rows(made)
    profile = made.profile
    if profile is None:
        return rows
    rows += [
        ("rows", f"{profile.row_count:,}"),
        ("designs", f"{profile.design_count:,} of {profile.edit_count:,} edits"),
    ]
    for label in profile.labels:
        unit = f" {label.unit}" if label.unit else ""
        rows.append((label.name, f"{label.count:,} measured, median {label.median:.4g}{unit}"))
    return rows
