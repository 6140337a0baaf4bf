"""The tasks that read uploaded gene tables and networks: source blob in, stored form out."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.genes import GeneTableProfile, GeneTableSpec, NetworkProfile, NetworkSpec
from service.contract.jobs import TASK_NAME, JobKind
from service.contract.records import GeneTableRecord, JobRecord, NetworkRecord
from service.contract.repositories import artifacts, uploads
from service.contract.repositories.jobs import Owner
from worker.app import app
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.ingest import TABLE_MEDIA_TYPE
from worker.tasks.ingest_progress import IngestProgress
from worker.tasks.life_cycle import Complete, run_job
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.data.whole_table import Watch


@app.task(name=TASK_NAME[JobKind.GENE_TABLE])
def run_gene_table(job_id: str) -> None:
    """Ingest the gene table of a job."""
    run_job(runtime(), job_id, _ingest(_read_gene_table), uploads.forget_source)


@app.task(name=TASK_NAME[JobKind.NETWORK])
def run_network(job_id: str) -> None:
    """Ingest the network of a job."""
    run_job(runtime(), job_id, _ingest(_read_network), uploads.forget_source)


def _ingest(read: Callable[[HeldJob, "Watch"], Complete]) -> Callable[[HeldJob], Complete]:
    def work(held: HeldJob) -> Complete:
        from worker.data.errors import IngestStoppedError
        from worker.data.whole_table import Watch

        try:
            return read(held, Watch(IngestProgress(held), held.should_stop))
        except IngestStoppedError as error:
            raise JobStoppedError from error

    return work


def _read_gene_table(held: HeldJob, watch: "Watch") -> Complete:
    from worker.data.gene_table_ingest import ingest_genes

    with held.runtime.database.read() as session:
        row = uploads.get_upload(session, GeneTableRecord, held.job.project_id, held.job.subject_id)
    path = held.scratch / "genes.parquet"
    source = held.runtime.store.check(row.source_sha256)
    profile = ingest_genes(source, GeneTableSpec.model_validate(row.spec), path, watch)
    return partial(
        _register,
        record=GeneTableRecord,
        owner=held.owner,
        profile=profile,
        table=held.seal(path),
    )


def _read_network(held: HeldJob, watch: "Watch") -> Complete:
    from worker.data.gene_table_store import read_genes
    from worker.data.network_ingest import ingest_network

    with held.runtime.database.read() as session:
        row = session.get_one(NetworkRecord, held.job.subject_id)
        table = uploads.get_ready(session, GeneTableRecord, row.project_id, row.gene_table_id)
    store = held.runtime.store
    path = held.scratch / "network.parquet"
    profile = ingest_network(
        store.check(row.source_sha256),
        NetworkSpec.model_validate(row.spec),
        read_genes(store.check(str(table.table_sha256))),
        path,
        name=row.name,
        watch=watch,
    )
    return partial(
        _register,
        record=NetworkRecord,
        owner=held.owner,
        profile=profile,
        table=held.seal(path),
    )


def _register(
    session: Session,
    job: JobRecord,
    *,
    record: type[GeneTableRecord | NetworkRecord],
    owner: Owner,
    profile: GeneTableProfile | NetworkProfile,
    table: SealedBlob,
) -> dict[str, Any]:
    uploads.mark_ready(
        session,
        session.get_one(record, job.subject_id),
        profile=profile.model_dump(mode="json"),
        table=artifacts.publish(session, owner, table, TABLE_MEDIA_TYPE),
    )
    return {f"{record.noun.replace(' ', '_')}_id": job.subject_id}
