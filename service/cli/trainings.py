"""`cellgebra train`: a training from a spec, from options or from both, by a service or here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Url, ask, fail, show
from service.cli.jobs import follow, job_rows

if TYPE_CHECKING:
    from service.cli.spec_changes import Change
    from service.client.cellgebra import Cellgebra
    from service.contract.training import TrainingSpec


_Spec = Annotated[
    Path | None,
    typer.Argument(help="JSON, YAML or TOML; - is standard input. [default: what the options say]"),
]
_Dataset = Annotated[str | None, typer.Option(help="Id of the data set, whatever the spec says.")]
_Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label", help="A label to learn, instead of the spec's; may be given more than once."
    ),
]
_Model = Annotated[str | None, typer.Option(help="Kind of the model, whatever the spec says.")]
_Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a field, after all others: path.to.field=value."),
]
_Table = Annotated[
    Path | None,
    typer.Option("--table", exists=True, dir_okay=False, help="With --local: the table."),
]
_Columns = Annotated[
    Path | None, typer.Option("--columns", help="With --local: what the table's columns mean.")
]
_Output = Annotated[
    Path | None, typer.Option("--output", help="With --local: the folder for the model.")
]


def train(
    spec: _Spec = None,
    *,
    dataset: _Dataset = None,
    labels: _Labels = None,
    model: _Model = None,
    changes: _Changes = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    local: Annotated[
        bool, typer.Option("--local", help="Train here, without a service; shown as by --watch.")
    ] = False,
    table_path: _Table = None,
    columns: _Columns = None,
    output: _Output = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Queue a training job; with --watch, show its loss terms and the time left.

    What is given here wins over the spec, and may stand for all of it: --dataset and --label.
    With --local it runs here, on --table with --columns, into the folder --output.
    """
    asked = _Asked(spec, dataset, tuple(labels or ()), model, tuple(changes or ()))
    asked.require_something()
    if local:
        if table_path is None or columns is None or output is None:
            raise typer.BadParameter("--local needs --table, --columns and --output")
        if dataset is not None:
            raise typer.BadParameter("--local trains on --table: leave --dataset out")
        _train_here(asked, table_path, columns, output, as_json=as_json)
        return
    if table_path or columns or output:
        raise typer.BadParameter("--table, --columns and --output are of --local")

    def work(client: "Cellgebra") -> None:
        run = client.train(asked.read())
        if watch:
            follow(run, as_json=as_json)
        else:
            show(run.job, job_rows(run.job), as_json=as_json)

    ask(url, work)


@dataclass(frozen=True)
class _Asked:
    """What to train: a spec, and what options change in it, or make of nothing."""

    path: Path | None
    dataset: str | None
    labels: tuple[str, ...]
    model: str | None
    changes: tuple[str, ...]

    def require_something(self) -> None:
        """Refuse the bare command."""
        if not (self.path or self.dataset or self.labels or self.model or self.changes):
            raise typer.BadParameter(
                "name a SPEC, or say what to train: --dataset ID --label NAME", param_hint="SPEC"
            )

    def read(self, *last: str) -> "TrainingSpec":
        """The spec; `last` is set after all else.

        Raises:
            InvalidRequestError: it is none.
        """
        from service.cli.spec_changes import change_of
        from service.cli.spec_files import load, spec_of
        from service.contract.training import TrainingSpec

        of_set = [change_of(change) for change in (*self.changes, *last)]
        return spec_of(TrainingSpec, load(self.path), [*self._of_options(), *of_set])

    def _of_options(self) -> "Iterator[Change]":
        from service.cli.spec_changes import Change

        if self.dataset is not None:
            yield Change(f"--dataset {self.dataset}", ("dataset_id",), self.dataset)
        if self.labels:
            told = " ".join(f"--label {name}" for name in self.labels)
            yield Change(told, ("labels",), [{"name": name} for name in self.labels])
        if self.model is not None:
            yield Change(f"--model {self.model}", ("model", "kind"), self.model)


def _train_here(
    asked: _Asked,
    table_path: Path,
    columns: Path,
    output: Path,
    *,
    as_json: bool,
) -> None:
    from service.cli.local_training import train_here
    from service.cli.spec_files import read_spec
    from service.cli.watching import watching
    from service.contract.datasets import DatasetSpec
    from service.contract.errors import CellgebraError
    from service.contract.local_training import DATASET_ID, LocalOrder

    try:
        order = LocalOrder(
            spec=asked.read(f"dataset_id={DATASET_ID}"),
            columns=read_spec(DatasetSpec, columns),
            table=table_path,
            folder=output,
        )
        if as_json:
            manifest = train_here(order, lambda event: typer.echo(event.model_dump_json()))
            typer.echo(manifest.model_dump_json())
            return
        with watching() as told:
            manifest = train_here(order, told)
    except CellgebraError as error:
        fail(error)
    for label in manifest.report["labels"]:
        typer.echo(f"{label['name']}: {label['headline']['statement']}")
        typer.echo(f"{label['name']}: {label['verdict']}")
    typer.echo(f"model   {output} (report.html has the whole report)")
    typer.echo(f"score   python {output / 'example.py'}; README.md says how to do it elsewhere")
    typer.echo("serve   a service keeps the models that it has trained: `cellgebra train` there")
