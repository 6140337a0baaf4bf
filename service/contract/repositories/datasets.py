"""All SQL of data sets."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.artifacts import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.records import DatasetRecord
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page, fetch_page


def add_dataset(
    session: Session,
    owner: Owner,
    dataset_id: str,
    *,
    name: str,
    spec: Mapping[str, Any],
    source: Blob,
    job_id: str,
) -> DatasetRecord:
    """Record a data set as INGESTING."""
    dataset = DatasetRecord(
        id=dataset_id,
        project_id=owner.project_id,
        created_by=owner.created_by,
        name=name,
        state=DatasetState.INGESTING.value,
        spec=dict(spec),
        source_sha256=source.sha256,
        size_bytes=source.size_bytes,
        job_id=job_id,
    )
    session.add(dataset)
    session.flush()
    return dataset


def get_dataset(session: Session, project_id: str, dataset_id: str) -> DatasetRecord:
    """Read a data set.

    Raises:
        NotFoundError: this project has no such data set.
    """
    dataset = session.scalar(
        select(DatasetRecord).where(
            DatasetRecord.id == dataset_id, DatasetRecord.project_id == project_id
        )
    )
    if dataset is None:
        raise NotFoundError(f"no data set {dataset_id}")
    return dataset


def get_ready_dataset(session: Session, project_id: str, dataset_id: str) -> DatasetRecord:
    """Read a data set that can be trained on.

    Raises:
        NotFoundError: this project has no such data set.
        FailedPreconditionError: it is not READY.
    """
    dataset = get_dataset(session, project_id, dataset_id)
    if dataset.state == DatasetState.READY:
        return dataset
    advice = (
        "wait until it is READY"
        if dataset.state == DatasetState.INGESTING
        else "upload the corrected file as a new data set"
    )
    raise FailedPreconditionError(f"data set {dataset_id} is {dataset.state}: {advice}")


def list_datasets(
    session: Session,
    project_id: str,
    *,
    state: DatasetState | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[DatasetRecord]:
    """One page of data sets, newest first."""
    query = select(DatasetRecord).where(DatasetRecord.project_id == project_id)
    if state is not None:
        query = query.where(DatasetRecord.state == state)
    return fetch_page(
        session,
        query,
        DatasetRecord.create_time,
        DatasetRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def mark_ready(
    session: Session,
    dataset: DatasetRecord,
    *,
    spec: Mapping[str, Any],
    profile: Mapping[str, Any],
    table: Blob,
    vocabulary: Blob,
) -> None:
    """Make a data set READY with what ingest found."""
    dataset.state = DatasetState.READY.value
    dataset.spec = dict(spec)
    dataset.profile = dict(profile)
    dataset.table_sha256 = table.sha256
    dataset.vocabulary_sha256 = vocabulary.sha256
    session.flush()
