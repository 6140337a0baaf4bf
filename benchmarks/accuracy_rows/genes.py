"""Gene tables that a chosen spec may name, ingested by the code of the service.

The features of the yeast table cannot be parted by evidence: GO slims hold IGI ("inferred from
genetic interaction"), the embedding and the degree are of STRING's combined scores, which hold text
mining. So all of them are off wherever genes are held out, and channels of the network that are
neither mined nor combined are what is left there. A table with `profiles` has the scores of another
screen for features instead; partners that are held out are none of them (see `profiles`).
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.accuracy_rows.profiles import with_profiles
from benchmarks.accuracy_rows.tables import find, lines
from service.contract.genes import GenesUse, GeneTableSpec, NetworkSpec
from service.contract.splits import GeneSplit, Split
from worker.data.gene_choice import ChosenGenes, StoredSource, choose_genes
from worker.data.gene_table_ingest import ingest_genes
from worker.data.gene_table_store import StoredGenes, read_genes, read_network
from worker.data.network_ingest import ingest_network
from worker.data.whole_table import Watch

_FORMAT = 1  # of what lies in the work folder


class UnknownGeneTableError(Exception):
    """A chosen spec names a gene table that there is none of."""


@dataclass(frozen=True)
class GeneSource:
    """A file of features and files of networks, with what their columns mean.

    `profiles` is a file of pairs, of which those of `study` are the features.
    """

    file: str
    spec: GeneTableSpec
    networks: Mapping[str, tuple[str, NetworkSpec]] = field(default_factory=dict)
    profiles: str | None = None
    study: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Files of features."""
        return (self.file,) if self.profiles is None else (self.file, self.profiles)


_PHYSICAL = {
    "string_physical": (
        "yeast_string12_physical.tsv.gz",
        NetworkSpec(score_unit=1000.0, on_self_edges="skip"),
    )
}


GENE_TABLES: Mapping[str, GeneSource] = {
    "yeast": GeneSource(
        "yeast_genes.tsv.gz",
        GeneTableSpec(
            locus_column="orf",
            alias_columns=("name",),
            on_ambiguous_aliases="keep",
            off_when_held_out=("go_*", "emb*", "string_degree"),
        ),
        _PHYSICAL,
    ),
    "yeast_profiles": GeneSource(
        "yeast_genes.tsv.gz",
        GeneTableSpec(locus_column="orf", alias_columns=("name",), on_ambiguous_aliases="keep"),
        _PHYSICAL,
        profiles="yeast_emap.tsv.gz",
        study="Collins2007",
    ),
    "isoprenol_targets": GeneSource(
        "isoprenol/putida_target_genes.tsv", GeneTableSpec(locus_column="pp")
    ),
}


def are_genes_held_out(split: Split) -> bool:
    """Whether a split tests genes that no label of the training part is of."""
    return isinstance(split, GeneSplit) and not split.keep_singles


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def gene_files(use: GenesUse, folder: Path | None) -> dict[str, str]:
    """The sha256 of each file that is used, by its name.

    Raises:
        UnknownGeneTableError: there is no such gene table.
        MissingDataError: a file is not there.
    """
    source = _source(use)
    names = [*source.files, *(source.networks[network.name][0] for network in use.networks)]
    return {name: _sha256(find(name, folder)) for name in names}


def _source(use: GenesUse) -> GeneSource:
    if use.gene_table_id not in GENE_TABLES:
        known = ", ".join(GENE_TABLES)
        raise UnknownGeneTableError(f"no gene table {use.gene_table_id}; there are {known}")
    source = GENE_TABLES[use.gene_table_id]
    for network in use.networks:
        if network.name not in source.networks:
            known = ", ".join(source.networks) or "none"
            raise UnknownGeneTableError(f"no network {network.name}; there are {known}")
    return source


def _profiled(
    source: GeneSource, genes: StoredGenes, folder: Path | None, hidden: Collection[str]
) -> StoredGenes:
    if source.profiles is None:
        return genes
    rows = lines(find(source.profiles, folder))
    return with_profiles(genes, (r for r in rows if r["source"] == source.study), hidden)


def load_genes(
    use: GenesUse,
    split: Split,
    folder: Path | None,
    work: Path,
    hidden: Collection[str] = (),
) -> ChosenGenes:
    """What a training of this split may read of a gene table; ingested once.

    `hidden` are genes that training has no design of: no profile tells of a pair with them.

    Raises:
        UnknownGeneTableError: there is no such gene table or network.
        MissingDataError: a file is not there.
    """
    source, watch = _source(use), Watch(lambda _: None, lambda: False)
    digests = gene_files(use, folder)
    own = work / "genes" / f"{use.gene_table_id}-{digests[source.file][:12]}-{_FORMAT}"
    own.mkdir(parents=True, exist_ok=True)
    table = own / "genes.parquet"
    if not table.exists():
        ingest_genes(find(source.file, folder), source.spec, table, watch)
    genes = _profiled(source, read_genes(table), folder, hidden)
    networks = {}
    for network in use.networks:
        file, spec = source.networks[network.name]
        path = own / f"{network.name}-{digests[file][:12]}.parquet"
        if not path.exists():
            ingest_network(find(file, folder), spec, genes, path, name=network.name, watch=watch)
        stored = read_network(path, genes.loci)
        networks[network.name] = StoredSource(network.name, digests[file], stored)
    return choose_genes(
        use,
        genes,
        networks,
        table_sha256=digests[source.file],
        are_genes_held_out=are_genes_held_out(split),
    )
