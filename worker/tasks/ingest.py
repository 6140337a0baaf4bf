"""The task that reads an uploaded table: source blob in, canonical table and profile out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from service.contract.artifacts import BlobWriter
from service.contract.datasets import DatasetSpec
from service.contract.jobs import TASK_NAME, EventType, JobKind
from service.contract.records import DatasetRecord, JobRecord
from service.contract.repositories import artifacts, datasets
from worker.app import app
from worker.tasks.life_cycle import HeldJob, JobStoppedError, run_job
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.data.ingest import Ingested

TABLE_MEDIA_TYPE = "application/vnd.apache.parquet"


@app.task(name=TASK_NAME[JobKind.INGEST])
def run(job_id: str) -> None:
    """Ingest the data set of a job."""
    run_job(runtime(), job_id, _ingest, _forget_source)


def _ingest(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    from worker.data.ingest import IngestStoppedError, ingest_table

    with held.runtime.database.read() as session:
        dataset = datasets.get_dataset(session, held.job.project_id, held.job.subject_id)
    table = held.scratch / "table.parquet"
    try:
        ingested = ingest_table(
            held.runtime.store.path(dataset.source_sha256),
            DatasetSpec.model_validate(dataset.spec),
            table,
            progress=lambda fraction: held.emit(EventType.PROGRESS, {"fraction": fraction}),
            should_stop=held.should_stop,
        )
    except IngestStoppedError as error:
        raise JobStoppedError from error
    table_writer = held.runtime.store.writer(held.scratch)
    table_writer.copy(table)
    return lambda session, job: _complete(held, ingested, table_writer, session, job)


def _complete(
    held: HeldJob,
    ingested: "Ingested",
    table_writer: BlobWriter,
    session: Session,
    job: JobRecord,
) -> dict[str, Any]:
    with table_writer, held.runtime.store.writer(held.scratch) as vocabulary_writer:
        vocabulary_writer.write(ingested.vocabulary.model_dump_json().encode())
        datasets.mark_ready(
            session,
            session.get_one(DatasetRecord, job.subject_id),
            spec=ingested.spec.model_dump(mode="json"),
            profile=ingested.profile.model_dump(mode="json"),
            table=artifacts.publish(session, held.owner, table_writer, TABLE_MEDIA_TYPE),
            vocabulary=artifacts.publish(
                session, held.owner, vocabulary_writer, "application/json"
            ),
        )
    return {"dataset_id": job.subject_id}


def _forget_source(session: Session, job: JobRecord) -> None:
    """A data set that failed leaves no blob."""
    dataset = datasets.mark_failed(session, job)
    if dataset is not None:
        artifacts.release_artifact(
            session, runtime().store, dataset.project_id, dataset.source_sha256
        )
