"""Where the files of a gene table lie, so that any process of a job can read what it uses."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from service.contract.genes import GenesUse
from worker.data.gene_choice import ChosenGenes, StoredSource, choose_genes
from worker.data.gene_table_store import read_genes, read_network


class _Files(BaseModel):
    model_config = ConfigDict(frozen=True)


class NetworkFile(_Files):
    """The edges of a stored network."""

    name: str
    network_id: str
    sha256: str
    path: Path


class GeneFiles(_Files):
    """A stored gene table, and the networks of it that are used."""

    sha256: str
    path: Path
    networks: tuple[NetworkFile, ...]


def chosen_from(files: GeneFiles, use: GenesUse, *, are_genes_held_out: bool) -> ChosenGenes:
    """Read what `use` names.

    Raises:
        InvalidArgumentError: something is not there, or the rule for held-out genes leaves none.
    """
    genes = read_genes(files.path)
    sources = {
        one.name: StoredSource(one.network_id, one.sha256, read_network(one.path, genes.loci))
        for one in files.networks
    }
    return choose_genes(
        use, genes, sources, table_sha256=files.sha256, are_genes_held_out=are_genes_held_out
    )
