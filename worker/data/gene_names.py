"""Loci and their other names, as an uploaded gene table gives them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from service.contract.errors import BadTableError, Offender
from service.contract.genes import GeneTableSpec
from worker.data.gene_table import Codes
from worker.data.whole_table import NO_VALUE, WholeTable, require_none

_LISTED = 20


@dataclass(frozen=True)
class GeneNames:
    """Loci in the order of their first row; `locus_N` is the locus of each row of the file.

    `ambiguous` are aliases of several loci; of `shadowed_count` aliases another locus has the name.
    """

    loci: tuple[str, ...]
    locus_N: Codes
    aliases_G: tuple[tuple[str, ...], ...]
    ambiguous: dict[str, list[str]]
    shadowed_count: int


def read_gene_names(table: WholeTable, spec: GeneTableSpec) -> GeneNames:
    """Read loci and aliases.

    Raises:
        BadTableError: a row has no locus; an alias is that of several loci, unless they are kept.
    """
    encoded = table.required_names(spec.locus_column, "locus").dictionary_encode()
    loci = tuple(encoded.dictionary.to_pylist())
    locus_N: Codes = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
    aliases: list[dict[str, None]] = [{} for _ in loci]
    holders: dict[str, dict[int, Offender]] = {}
    for column in spec.alias_columns:
        for n, alias in _aliases(table.names(column, NO_VALUE), spec.alias_separator):
            g = int(locus_N[n])
            if alias == loci[g]:
                continue
            aliases[g][alias] = None
            offender = Offender(message="", row=int(table.row_N[n]), column=column, value=alias)
            holders.setdefault(alias, {}).setdefault(g, offender)
    ambiguous = {alias: held for alias, held in sorted(holders.items()) if len(held) > 1}
    if ambiguous and spec.on_ambiguous_aliases == "fail":
        raise _refusal(ambiguous, loci)
    return GeneNames(
        loci=loci,
        locus_N=locus_N,
        aliases_G=tuple(tuple(names) for names in aliases),
        ambiguous={alias: [loci[g] for g in held] for alias, held in ambiguous.items()},
        shadowed_count=len(holders.keys() & set(loci)),
    )


def require_each_locus_once(table: WholeTable, names: GeneNames, column: str) -> None:
    """Check that no two rows are of one locus.

    Raises:
        BadTableError: some are; both rows are named.
    """
    _, first_G = np.unique(names.locus_N, return_index=True)
    again_N = np.ones(len(table), dtype=bool)
    again_N[first_G] = False
    require_none(
        [
            Offender(
                message=(
                    f"the locus is also in row {table.row_N[first_G[names.locus_N[n]]]}: one row "
                    "a locus, or the layout long"
                ),
                row=int(table.row_N[n]),
                column=column,
                value=names.loci[names.locus_N[n]],
            )
            for n in np.flatnonzero(again_N)[:_LISTED]
        ]
    )


def _aliases(cells: pa.StringArray, separator: str | None) -> Iterator[tuple[int, str]]:
    for n, cell in enumerate(cells.to_pylist()):
        if cell is None:
            continue
        for part in [cell] if separator is None else cell.split(separator):
            if part.strip() and part.strip() not in NO_VALUE:
                yield n, part.strip()


def _refusal(ambiguous: dict[str, dict[int, Offender]], loci: tuple[str, ...]) -> BadTableError:
    offenders = []
    for alias, held in list(ambiguous.items())[:_LISTED]:
        candidates = [loci[g] for g in held]
        rows = ", ".join(str(offender.row) for offender in held.values())
        message = f"alias {alias} is of {' and of '.join(candidates)} (rows {rows})"
        last = list(held.values())[-1]
        offenders.append(last.model_copy(update={"message": message, "suggestions": candidates}))
    more = f" (and {len(ambiguous) - 1} more)" if len(ambiguous) > 1 else ""
    return BadTableError(
        f"{offenders[0].message}{more}: correct it, or set on_ambiguous_aliases to keep, and it is "
        "an error only where somebody uses it",
        offenders,
    )
