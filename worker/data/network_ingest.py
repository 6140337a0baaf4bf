"""From an uploaded edge list to a network of a gene table and its profile."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import AmbiguousGeneError, BadTableError, Offender
from service.contract.genes import ChannelProfile, NetworkProfile, NetworkSpec, matches
from worker.data.gene_table import Codes, Floats, GeneTable, Network
from worker.data.gene_table_store import StoredGenes, StoredNetwork, write_network
from worker.data.mapping import require_columns
from worker.data.whole_table import Watch, WholeTable, read_whole, require_none

EDGE_CHANNEL = "edge"
_LISTED_NAMES = 100
_LISTED = 20
_UNMATCHED = -1


@dataclass(frozen=True)
class _Ends:
    """The two ends of every row as rows of the gene table; -1 where the table has no such name."""

    end_2N: Codes
    matched: list[str]
    renamed_count: int
    unmatched: list[str]


def ingest_network(
    source: Path, spec: NetworkSpec, genes: StoredGenes, path: Path, *, name: str, watch: Watch
) -> NetworkProfile:
    """Read an uploaded edge list, write it to `path` and describe it.

    Raises:
        BadTableError: the file does not hold what the spec says, with the rows and columns; or
            none of its names is in the gene table.
        IngestStoppedError: `watch` says so.
    """

    def wanted(columns: list[str]) -> list[str]:
        named = [spec.source_column, spec.target_column, *(spec.channel_columns or ())]
        require_columns(named, columns)
        return named if spec.channel_columns is not None else [*named, *columns]

    table = read_whole(source, spec.format, wanted, watch)
    ends = _ends(table, spec, GeneTable(loci=genes.loci, aliases=genes.alias_rows()))
    scores = _scores(table, spec)
    _require_off_known(spec, list(scores))
    watch.check()
    known_N = (ends.end_2N != _UNMATCHED).all(axis=0)
    loop_N = known_N & (ends.end_2N[0] == ends.end_2N[1])
    if spec.on_self_edges == "fail":
        _require_no_loops(table, spec, loop_N)
    kept_N = known_N & ~loop_N
    score_NC = np.stack(list(scores.values()), axis=1)
    edge_2M, score_MC, distinct = _once(ends.end_2N[:, kept_N], score_NC[kept_N], len(genes.loci))
    if not edge_2M.shape[1]:
        raise BadTableError(
            f"network {name} has no edge with a score above 0 between two loci of the gene table"
        )
    network = Network(name, tuple(scores), edge_2M, score_MC)
    write_network(path, StoredNetwork(network, spec.off_when_held_out), genes.loci)
    watch.progress(1.0)
    return NetworkProfile(
        row_count=len(table),
        edge_count=edge_2M.shape[1],
        channels=[_channel(c, score_MC[:, i]) for i, c in enumerate(scores)],
        matched_name_count=len(ends.matched),
        renamed_count=ends.renamed_count,
        unmatched_name_count=len(ends.unmatched),
        unmatched_names=ends.unmatched[:_LISTED_NAMES],
        unmatched_row_count=int((~known_N).sum()),
        duplicate_count=int(kept_N.sum()) - distinct,
        self_edge_count=int(loop_N.sum()),
        isolated_locus_count=len(genes.loci) - len(np.unique(edge_2M)),
        off_when_held_out=list(spec.off_when_held_out),
    )


def _ends(table: WholeTable, spec: NetworkSpec, genes: GeneTable) -> _Ends:
    columns = (spec.source_column, spec.target_column)
    cells = [table.required_names(name, "name").dictionary_encode() for name in columns]
    row_of: dict[str, int] = {}
    ambiguous: list[Offender] = []
    for end, column in zip(cells, columns, strict=True):
        for code, name in enumerate(end.dictionary.to_pylist()):
            if name in row_of:
                continue
            try:
                row_of[name] = _row(genes, name.removeprefix(spec.name_prefix))
            except AmbiguousGeneError as error:
                row_of[name] = _UNMATCHED
                first = int(np.argmax(end.indices.to_numpy() == code))
                place = {"row": int(table.row_N[first]), "column": column}
                ambiguous += [found.model_copy(update=place) for found in error.offenders]
    require_none(ambiguous)
    matched = [name for name, row in row_of.items() if row != _UNMATCHED]
    if not matched:
        raise _no_match(list(row_of), genes)
    loci = set(genes.loci)
    return _Ends(
        end_2N=np.array(
            [
                np.array([row_of[name] for name in end.dictionary.to_pylist()])[end.indices]
                for end in cells
            ],
            dtype=np.int64,
        ),
        matched=matched,
        renamed_count=sum(name.removeprefix(spec.name_prefix) not in loci for name in matched),
        unmatched=sorted(name for name, row in row_of.items() if row == _UNMATCHED),
    )


def _row(genes: GeneTable, name: str) -> int:
    """Row of a gene, -1 if the table has none; an ambiguous alias is an error."""
    return genes.resolve(name) if name in genes or name in genes.aliases else _UNMATCHED


def _no_match(names: list[str], genes: GeneTable) -> BadTableError:
    prefixes = {name.partition(".")[0] for name in names[:1000]}
    first = prefixes.pop() if len(prefixes) == 1 else ""
    advice = "are they of another organism, or identifiers of another kind?"
    if first.isdigit() and any(name.partition(".")[2] in genes for name in names):
        advice = f'set name_prefix to "{first}."'
    return BadTableError(
        f"none of the {len(names):,} names is a locus or an alias of the gene table: the file has "
        f"{', '.join(sorted(names)[:5])}, the table {', '.join(genes.loci[:5])}; {advice}"
    )


def _scores(table: WholeTable, spec: NetworkSpec) -> dict[str, Floats]:
    """Scores of every row by channel, in the unit of the spec; a missing one is 0."""
    if spec.channel_columns is not None:
        found = {name: table.numbers(name, smallest=0.0) for name in spec.channel_columns}
    else:
        ends = (spec.source_column, spec.target_column)
        others = (name for name in table.columns if name not in ends)
        read = ((name, table.numbers_if_all(name)) for name in others)
        found = {name: values for name, values in read if values is not None}
    for name, values in found.items():
        if (values < 0).any():
            table.numbers(name, smallest=0.0)  # names the rows
    if not found:
        return {EDGE_CHANNEL: np.ones(len(table))}
    return {name: np.nan_to_num(values) / spec.score_unit for name, values in found.items()}


def _once(edge_2N: Codes, score_NC: Floats, loci: int) -> tuple[Codes, Floats, int]:
    """Every undirected edge once, with its highest scores, and how many there are.

    Those without any score are left out.
    """
    ordered_2N = np.sort(edge_2N, axis=0)
    key_M, place_N = np.unique(ordered_2N[0] * loci + ordered_2N[1], return_inverse=True)
    score_MC = np.zeros((len(key_M), score_NC.shape[1]))
    np.maximum.at(score_MC, place_N.reshape(-1), score_NC)
    kept_M: NDArray[np.bool_] = score_MC.max(axis=1) > 0
    edge_2M = np.stack([key_M // loci, key_M % loci])
    return edge_2M[:, kept_M], score_MC[kept_M], len(key_M)


def _require_no_loops(table: WholeTable, spec: NetworkSpec, loop_N: NDArray[np.bool_]) -> None:
    names = table.names(spec.source_column)
    require_none(
        [
            Offender(
                message="an edge from a gene to itself: correct it, or set on_self_edges to skip",
                row=int(table.row_N[n]),
                column=spec.target_column,
                value=names[int(n)].as_py(),
            )
            for n in np.flatnonzero(loop_N)[:_LISTED]
        ]
    )


def _require_off_known(spec: NetworkSpec, channels: list[str]) -> None:
    for pattern in spec.off_when_held_out:
        if not any(matches(name, [pattern]) for name in channels):
            raise BadTableError(
                f"off_when_held_out names {pattern!r}, and no channel is called so; there are "
                f"{', '.join(channels)}"
            )


def _channel(name: str, score_M: Floats) -> ChannelProfile:
    found_M = score_M[score_M > 0]
    return ChannelProfile(
        name=name,
        edge_count=len(found_M),
        min=float(found_M.min()) if len(found_M) else 0.0,
        max=float(found_M.max()) if len(found_M) else 0.0,
    )
