"""`cellgebra panel`: what to buy, or to build first, for as many promising designs as can be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Url, ask, show, table, text_of

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.client.search import SearchRun
    from service.contract.panels import Panel
    from service.contract.search import SearchSpec

KINDS = ("loci", "parents")


def panel(
    source: Annotated[
        str, typer.Argument(help="A spec of a search (JSON, YAML, TOML, -), or the id of a search.")
    ],
    *,
    size: Annotated[int | None, typer.Option(min=1, max=200, help="Most members.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="loci, or parents: strains to build first. [default: loci]")
    ] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Most that it may cost.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="By integer programming, with a proof.")
    ] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a field: path.to.field=value.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Choose a panel for what a search proposes, or show that of a search that was run.

    A spec is searched with, and waited for; it needs --size, unless it asks for a panel itself.
    What is given here wins over the spec; all else stays as the spec has it.
    """
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"{kind} is none of {', '.join(KINDS)}", param_hint="--kind")
    given = {
        "--size": ("size", size),
        "--kind": ("kind", kind),
        "--budget": ("budget", budget),
        "--exact": ("strategy", "integer_programming" if exact else None),
    }
    asked = {option: change for option, change in given.items() if change[1] is not None}
    is_spec = source == "-" or Path(source).is_file()
    if not is_spec:
        _require_none([*asked, *(["--set"] if changes else [])], source)

    def work(client: "Cellgebra") -> None:
        if is_spec:
            run = _searched(client, _spec(Path(source), asked, changes or []))
        else:
            run = client.search_run(source)
        _show(_panel_of(run), as_json=as_json)

    ask(url, work)


def _require_none(options: Sequence[str], source: str) -> None:
    if options:
        raise typer.BadParameter(
            f"{source} is no file, and of a search that was run the panel is as it was asked for: "
            f"leave out {', '.join(options)}, or name a spec",
            param_hint=options[0],
        )


def _spec(path: Path, asked: Mapping[str, tuple[str, Any]], changes: Sequence[str]) -> "SearchSpec":
    """The spec in a file, with each option by itself, and then what `--set` says."""
    from service.cli.spec_changes import Change, change_of
    from service.cli.spec_files import load, spec_of
    from service.contract.errors import InvalidRequestError
    from service.contract.search import SearchSpec

    file = load(path)
    of_set = [change_of(change) for change in changes]
    has_panel = file.content.get("panel") is not None or any(
        change.place[0] == "panel" for change in of_set
    )
    if asked and not has_panel and "--size" not in asked:
        option = next(iter(asked))
        raise typer.BadParameter(
            f"{path} asks for no panel that it could change: say --size as well", param_hint=option
        )
    of_options = [
        Change(option, ("panel", field), value) for option, (field, value) in asked.items()
    ]
    spec = spec_of(SearchSpec, file, [*of_options, *of_set])
    if spec.panel is None:
        raise InvalidRequestError(f"{path} asks for no panel: say --size")
    return spec


def _searched(client: "Cellgebra", spec: "SearchSpec") -> "SearchRun":
    from service.cli.watching import watching

    run = client.search(spec)
    with watching() as told:
        run.wait(told)
    return run


def _panel_of(run: "SearchRun") -> "Panel":
    from service.contract.errors import FailedPreconditionError

    report = run.job.report
    if report is None:
        raise FailedPreconditionError(f"search {run.id} is {run.state}: it has no panel yet")
    if report.panel is None:
        raise FailedPreconditionError(
            f"search {run.id} was asked for no panel: run its spec with `cellgebra panel`"
        )
    return report.panel


def _show(found: "Panel", *, as_json: bool) -> None:
    rows = [
        ("members", len(found.members)),
        ("cost", found.cost),
        ("designs", found.design_count),
        ("share of the worth", f"{found.worth_share:.1%}"),
        ("cost saved", found.cost_saved),
    ]
    proof = found.proof
    if proof is not None:
        rows.append(("proven best", "yes" if proof.is_proven else f"no, within {proof.gap}"))
    show(found, rows, as_json=as_json)
    if not as_json:
        typer.echo()
        lines = [
            [one.name, text_of(one.cost), "yes" if one.is_owned else "no", str(one.design_count)]
            for one in found.members
        ]
        table([found.kind.value, "cost", "owned", "designs"], lines)
