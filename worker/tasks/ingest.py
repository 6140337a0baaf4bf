"""The task that reads an uploaded table: source blob in, canonical table and profile out."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.datasets import DatasetSpec
from service.contract.jobs import TASK_NAME, JobKind
from service.contract.records import DatasetRecord, JobRecord
from service.contract.repositories import artifacts, uploads
from service.contract.repositories.jobs import Owner
from worker.app import app
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.ingest_progress import IngestProgress
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.data.ingest import Ingested

TABLE_MEDIA_TYPE = "application/vnd.apache.parquet"


@app.task(name=TASK_NAME[JobKind.INGEST])
def run(job_id: str) -> None:
    """Ingest the data set of a job."""
    run_job(runtime(), job_id, _ingest, uploads.forget_source)


def _ingest(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    from worker.data.errors import IngestStoppedError
    from worker.data.ingest import ingest_table

    with held.runtime.database.read() as session:
        dataset = uploads.get_upload(
            session, DatasetRecord, held.job.project_id, held.job.subject_id
        )
    table = held.scratch / "table.parquet"
    try:
        ingested = ingest_table(
            held.runtime.store.check(dataset.source_sha256),
            DatasetSpec.model_validate(dataset.spec),
            table,
            progress=IngestProgress(held),
            should_stop=held.should_stop,
        )
    except IngestStoppedError as error:
        raise JobStoppedError from error
    vocabulary = ingested.vocabulary.model_dump_json().encode()
    return partial(
        _register,
        owner=held.owner,
        ingested=ingested,
        table=held.seal(table),
        vocabulary=held.seal(vocabulary),
    )


def _register(
    session: Session,
    job: JobRecord,
    *,
    owner: Owner,
    ingested: "Ingested",
    table: SealedBlob,
    vocabulary: SealedBlob,
) -> dict[str, Any]:
    dataset = session.get_one(DatasetRecord, job.subject_id)
    words = artifacts.publish(session, owner, vocabulary, "application/json")
    dataset.spec = ingested.spec.model_dump(mode="json")
    dataset.vocabulary_sha256 = words.sha256
    uploads.mark_ready(
        session,
        dataset,
        profile=ingested.profile.model_dump(mode="json"),
        table=artifacts.publish(session, owner, table, TABLE_MEDIA_TYPE),
    )
    return {"dataset_id": job.subject_id}
