"""`cellgebra score`: designs in, a table for programs out."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.asking import DEFAULT_URL, AsJson, Url, ask

if TYPE_CHECKING:
    from service.client.cellgebra import Cellgebra
    from service.contract.inference import LabelScores

_EXPANDED = {"interval": ("low", "high")}
_WITHOUT_UNIT = ("neutral_source", "sign_agreement")


def score(
    reference: Annotated[str, typer.Argument(help="Its id, name@version or name@alias.")],
    genotypes: Annotated[
        list[str] | None, typer.Argument(help="Designs; none, or -: a line each of stdin.")
    ] = None,
    *,
    fields: Annotated[
        str, typer.Option(help="Columns by comma, such as mean,sd,interval,support.")
    ] = "mean,sd,interval,expected_neutral",
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Score designs (10,000 at most): a table of tab-separated values, or JSON."""
    texts = genotypes if genotypes and genotypes != ["-"] else _lines_of_stdin()
    wanted = [field.strip() for field in fields.split(",")]

    def work(client: "Cellgebra") -> None:
        answer = client.model(reference).score(texts, wanted)
        if as_json:
            typer.echo(answer.model_dump_json(exclude_none=True))
            return
        known = answer.columns()
        chosen = {field: [*_chosen(answer.labels, known, field)] for field in wanted}
        for line in _lines(known, [column for columns in chosen.values() for column in columns]):
            typer.echo("\t".join(line))
        missing = [field for field, columns in chosen.items() if not columns]
        if missing:
            typer.echo(f"cellgebra: {reference} gives no {', '.join(missing)}", err=True)

    ask(url, work)


def _lines_of_stdin() -> list[str]:
    return [line.rstrip("\r\n") for line in sys.stdin]


def _chosen(
    labels: "Sequence[LabelScores]", known: Collection[str], field: str
) -> Iterator[tuple[str, str]]:
    """What a field of an answer is called in the head of the table, and among its columns."""
    if field == "support":
        names = [name for name in known if name.startswith("support.")]
        yield from ((name.replace(".", " ", 1), name) for name in names)
        return
    for label in labels:
        unit = f" ({label.unit})" if label.unit and field not in _WITHOUT_UNIT else ""
        for part in _EXPANDED.get(field, (field,)):
            if f"{label.name}.{part}" in known:
                yield f"{label.name} {part}{unit}", f"{label.name}.{part}"


def _lines(
    known: Mapping[str, Sequence[object]], chosen: Sequence[tuple[str, str]]
) -> Iterator[list[str]]:
    """A head with units, and a line a design."""
    yield ["genotype", *(head for head, _ in chosen)]
    columns = [known[name] for _, name in chosen]
    for number, genotype in enumerate(known["genotype"]):
        yield [str(genotype), *(_cell(column[number]) for column in columns)]


def _cell(value: object) -> str:
    """A value for a program to read: all digits, nothing for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)
