"""`cellgebra screen` and `score-table`: queue a job from a spec, and watch it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.asking import (
    DEFAULT_URL,
    AsJson,
    Url,
    ask,
    require_target,
    show,
    table,
    text_of,
)
from service.cli.jobs import follow, job_rows

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.client.search import SearchRun

_Spec = Annotated[Path, typer.Argument(help="JSON, YAML or TOML; - is standard input.")]
_Changes = Annotated[
    list[str] | None, typer.Option("--set", help="Change a field: path.to.field=value.")
]
_Watch = Annotated[bool, typer.Option("--watch", help="Follow it to its end.")]
_SHOWN = 20


def screen(
    spec: _Spec,
    *,
    changes: _Changes = None,
    output: Annotated[
        Path | None, typer.Option(help="Write all proposals: .tsv or .parquet. Waits for the end.")
    ] = None,
    order_sheet: Annotated[
        Path | None, typer.Option(help="Write the order sheet (TSV). Waits for the end.")
    ] = None,
    watch: _Watch = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Queue a search for the best designs of a model."""

    def work(client: "Cellgebra") -> None:
        from service.cli.spec_files import read_spec
        from service.contract.search import SearchSpec

        require_target(output, ".tsv", ".parquet")
        require_target(order_sheet)
        run = client.search(read_spec(SearchSpec, spec, changes or ()))
        if not (watch or output or order_sheet):
            show(run.job, job_rows(run.job), as_json=as_json)
            return
        follow(run, as_json=as_json)
        if output:
            typer.echo(run.save(output), err=True)
        if order_sheet:
            typer.echo(run.save_order_sheet(order_sheet), err=True)
        if not as_json:
            _show_proposals(run)

    ask(url, work)


def score_table(
    spec: _Spec,
    path: Annotated[
        Path | None, typer.Argument(help="The table, if the spec's input is one.")
    ] = None,
    *,
    changes: _Changes = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the results: .parquet or .tsv.gz. Waits for the end.")
    ] = None,
    watch: _Watch = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Queue a job that scores a table, or all combinations of edits."""

    def work(client: "Cellgebra") -> None:
        from service.cli.spec_files import read_spec
        from service.contract.scoring_jobs import ScoringSpec

        require_target(output, ".parquet", ".tsv.gz")
        run = client.score_job(read_spec(ScoringSpec, spec, changes or ()), path)
        if not (watch or output):
            show(run.job, job_rows(run.job), as_json=as_json)
            return
        follow(run, as_json=as_json)
        if output:
            typer.echo(run.save(output), err=True)

    ask(url, work)


def _show_proposals(run: "SearchRun") -> None:
    lines = [
        [
            str(proposal.rank),
            proposal.genotype,
            text_of(proposal.value),
            str(proposal.check_rank),
            text_of(proposal.check_value),
            "yes" if proposal.is_new_combination else "no",
        ]
        for proposal, _ in zip(run.proposals(), range(_SHOWN), strict=False)
    ]
    table(["rank", "design", "value", "check rank", "check value", "new combination"], lines)
