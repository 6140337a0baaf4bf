"""The loci of a data set, found in a gene table: by systematic name first, then by alias."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from service.contract.errors import AmbiguousGeneError, InvalidArgumentError, Offender
from service.contract.genes import GenesUsed
from worker.data.gene_choice import ChosenGenes
from worker.data.gene_table import GeneTable, Network

_LISTED = 10


@dataclass(frozen=True)
class JoinedGenes:
    """What is known of the genes of a data set.

    `row_of` gives the row in `table` of each locus of the data set that is in it; the others keep
    only what is learned of them. `used` goes into the manifest, its notes into the report.
    """

    table: GeneTable
    row_of: Mapping[str, int]
    used: GenesUsed

    def read_by(self, kind: str, *, reads_features: bool, reads_networks: bool) -> GenesUsed:
        """What a model of a kind has read of it, with a note on what it has not."""
        unread: dict[str, object] = {}
        if self.used.features and not reads_features:
            unread["features"] = []
        if self.used.networks and not reads_networks:
            unread["networks"] = []
        if not unread:
            return self.used
        note = f"Model {kind} reads no {' and no '.join(unread)} of genes: they were not used."
        return self.used.model_copy(update={**unread, "notes": [*self.used.notes, note]})


def join_genes(chosen: ChosenGenes, loci: Iterable[str]) -> JoinedGenes:
    """Find every locus of a data set in a gene table.

    Raises:
        AmbiguousGeneError: loci are aliases of several genes; every one is listed.
        InvalidArgumentError: no locus is in the table, or none has an edge in one of its networks.
    """
    table = chosen.table
    row_of: dict[str, int] = {}
    unmatched: list[str] = []
    ambiguous: list[Offender] = []
    for locus in sorted(set(loci)):
        if locus not in table and locus not in table.aliases:
            unmatched.append(locus)
            continue
        try:
            row_of[locus] = table.resolve(locus)
        except AmbiguousGeneError as error:
            ambiguous += error.offenders
    _require(ambiguous, row_of, unmatched, chosen.used.gene_table_id)
    renamed = {locus: table.loci[row] for locus, row in row_of.items() if locus != table.loci[row]}
    joined = {name: _joined(network, row_of) for name, network in table.networks.items()}
    _require_edges(joined, table)
    used = chosen.used.model_copy(
        update={
            "matched_locus_count": len(row_of),
            "renamed_loci": renamed,
            "unmatched_loci": unmatched,
            "names": _names(table, row_of),
            "notes": [*chosen.used.notes, *_notes(row_of, renamed, unmatched), *_of_edges(joined)],
        }
    )
    return JoinedGenes(table, row_of, used)


def _require(
    ambiguous: list[Offender], row_of: Mapping[str, int], unmatched: list[str], table_id: str
) -> None:
    if ambiguous:
        names = ", ".join(str(offender.value) for offender in ambiguous[:_LISTED])
        raise AmbiguousGeneError(
            f"{len(ambiguous)} loci of the data set are aliases of several genes of {table_id}: "
            f"{names}; name the systematic ones in the data set, or correct the aliases",
            ambiguous,
        )
    if not row_of:
        names = ", ".join(unmatched[:_LISTED])
        raise InvalidArgumentError(
            f"no locus of the data set is in gene table {table_id}: {names} are neither its loci "
            "nor its aliases"
        )


def _joined(network: Network, row_of: Mapping[str, int]) -> int:
    """How many loci of the data set have an edge in a network."""
    ends = set(np.unique(network.chosen()[0]).tolist())
    return sum(row in ends for row in row_of.values())


def _require_edges(joined: Mapping[str, int], table: GeneTable) -> None:
    for name, count in joined.items():
        if not count:
            edges = table.networks[name].chosen()[0].shape[1]
            message = (
                f"no locus of the data set has an edge in network {name}: its {edges:,} edges are "
                "between other genes of the gene table; leave it out, or take more of its edges "
                "(min_score, channels)"
            )
            raise InvalidArgumentError(
                message, [Offender(field="genes.networks", value=name, message=message)]
            )


def _of_edges(joined: Mapping[str, int]) -> list[str]:
    return [
        f"{count} loci of the data set have an edge in network {name}."
        for name, count in joined.items()
    ]


def _names(table: GeneTable, row_of: Mapping[str, int]) -> dict[str, list[str]]:
    """Every other name of a locus of the model, which calls it as the data set does."""
    called = {row: locus for locus, row in sorted(row_of.items(), reverse=True)}
    found: dict[str, set[str]] = {}
    for row, locus in called.items():
        if locus != table.loci[row]:
            found.setdefault(table.loci[row], set()).add(locus)
    for name, rows in table.aliases.items():
        found.setdefault(name, set()).update(called.get(row, table.loci[row]) for row in rows)
    return {name: sorted(loci) for name, loci in sorted(found.items()) if loci != {name}}


def _notes(
    row_of: Mapping[str, int], renamed: Mapping[str, str], unmatched: list[str]
) -> list[str]:
    total = len(row_of) + len(unmatched)
    notes = [f"{len(row_of)} of {total} loci of the data set are in the gene table."]
    if renamed:
        notes.append(f"{len(renamed)} of them by an alias: {_pairs(renamed)}.")
    if unmatched:
        listed = ", ".join(unmatched[:_LISTED])
        more = f" and {len(unmatched) - _LISTED} more" if len(unmatched) > _LISTED else ""
        notes.append(f"Not in the gene table, so only learned: {listed}{more}.")
    twice = len(row_of) - len(set(row_of.values()))
    if twice:
        notes.append(f"{twice} loci of the data set are the same gene as another of its loci.")
    return notes


def _pairs(renamed: Mapping[str, str]) -> str:
    listed = [f"{locus} is {name}" for locus, name in list(renamed.items())[:_LISTED]]
    more = f" and {len(renamed) - _LISTED} more" if len(renamed) > _LISTED else ""
    return ", ".join(listed) + more
