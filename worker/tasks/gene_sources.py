"""What a job uses of a gene table: rows and blobs in, the chosen genes out."""

from typing import TYPE_CHECKING

from service.contract.gene_filters import GeneFilter
from service.contract.genes import GenesUse
from service.contract.records import GeneTableRecord
from service.contract.repositories import networks, uploads
from service.contract.splits import holds_genes_out
from service.contract.training import TrainingSpec
from worker.tasks.held_jobs import HeldJob
from worker.tasks.runtime import Runtime

if TYPE_CHECKING:
    from worker.data.gene_choice import ChosenGenes
    from worker.data.gene_files import GeneFiles
    from worker.data.gene_table import GeneTable


def load_features(
    runtime: Runtime, project_id: str, wanted: GeneFilter | None
) -> "GeneTable | None":
    """The gene table, with the features that a filter asks about; None without a filter.

    Raises:
        NotFoundError: no such gene table.
        FailedPreconditionError: it is not READY.
        InvalidArgumentError: it has no such feature.
    """
    from worker.data.gene_choice import choose_genes
    from worker.data.gene_table_store import read_genes

    if wanted is None:
        return None
    with runtime.database.read() as session:
        row = uploads.get_ready(session, GeneTableRecord, project_id, wanted.gene_table_id)
    sha256 = str(row.table_sha256)
    names = tuple(dict.fromkeys(one.feature for one in wanted.where))
    use = GenesUse(gene_table_id=row.id, features=names)
    genes = read_genes(runtime.store.check(sha256))
    return choose_genes(use, genes, {}, table_sha256=sha256, are_genes_held_out=False).table


def find_genes(held: HeldJob, spec: TrainingSpec) -> "GeneFiles | None":
    """Where what the spec names lies; None where it names no gene table.

    Raises:
        NotFoundError: no such gene table.
        FailedPreconditionError: the gene table, or a network, is not READY.
    """
    from worker.data.gene_files import GeneFiles, NetworkFile

    use = spec.genes
    if use is None:
        return None
    project_id = held.job.project_id
    names = [network.name for network in use.networks]
    with held.runtime.database.read() as session:
        row = uploads.get_ready(session, GeneTableRecord, project_id, use.gene_table_id)
        rows = networks.get_ready_networks(session, project_id, row.id, names)
    path = held.runtime.store.check
    sha256 = str(row.table_sha256)
    return GeneFiles(
        sha256=sha256,
        path=path(sha256),
        networks=tuple(
            NetworkFile(
                name=network.name,
                network_id=network.id,
                sha256=str(network.table_sha256),
                path=path(str(network.table_sha256)),
            )
            for network in rows
        ),
    )


def load_genes(held: HeldJob, spec: TrainingSpec) -> "ChosenGenes | None":
    """Read what the spec names; None where it names no gene table.

    Raises:
        NotFoundError: no such gene table.
        FailedPreconditionError: the gene table, or a network, is not READY.
        InvalidArgumentError: something is not there, or the rule for held-out genes leaves none.
    """
    from worker.data.gene_files import chosen_from

    files = find_genes(held, spec)
    if files is None or spec.genes is None:
        return None
    return chosen_from(files, spec.genes, are_genes_held_out=holds_genes_out(spec.split))
