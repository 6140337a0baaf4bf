"""All SQL of registered models."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.artifacts import Blob
from service.contract.errors import NotFoundError
from service.contract.records import JobRecord, ModelRecord
from service.contract.repositories.jobs import new_id
from service.contract.repositories.paging import Page, fetch_page


def add_model(
    session: Session,
    job: JobRecord,
    *,
    name: str,
    kind: str,
    manifest: Blob,
    weights: Blob,
    report: dict[str, Any],
    report_file: Blob | None = None,
    report_page: Blob | None = None,
) -> ModelRecord:
    """Register what a training job made. `report` is the summary that the row holds."""
    model = ModelRecord(
        id=new_id("model"),
        project_id=job.project_id,
        created_by=job.created_by,
        name=name,
        kind=kind,
        job_id=job.id,
        dataset_id=job.subject_id,
        manifest_sha256=manifest.sha256,
        weights_sha256=weights.sha256,
        report_sha256=report_file.sha256 if report_file else None,
        report_page_sha256=report_page.sha256 if report_page else None,
        report=report,
    )
    session.add(model)
    session.flush()
    return model


def get_model(session: Session, project_id: str, model_id: str) -> ModelRecord:
    """Read a model.

    Raises:
        NotFoundError: this project has no such model.
    """
    model = session.scalar(
        select(ModelRecord).where(ModelRecord.id == model_id, ModelRecord.project_id == project_id)
    )
    if model is None:
        raise NotFoundError(f"no model {model_id}")
    return model


def list_models(
    session: Session,
    project_id: str,
    *,
    dataset_id: str | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[ModelRecord]:
    """One page of models, newest first."""
    query = select(ModelRecord).where(ModelRecord.project_id == project_id)
    if dataset_id is not None:
        query = query.where(ModelRecord.dataset_id == dataset_id)
    return fetch_page(
        session,
        query,
        ModelRecord.create_time,
        ModelRecord.id,
        page_size=page_size,
        page_token=page_token,
    )
