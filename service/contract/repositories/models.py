"""All SQL of registered models; what their aliases mean is in `aliases`."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.contract.blobs import Blob
from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.jobs import TERMINAL_STATES, JobKind
from service.contract.records import JobRecord, ModelNameRecord, ModelRecord, SweepRecord
from service.contract.repositories.artifacts import release_artifact
from service.contract.repositories.jobs import new_id
from service.contract.repositories.paging import Page, fetch_page


@dataclass(frozen=True)
class ModelFilter:
    """Which models to list."""

    dataset_id: str | None = None
    name: str | None = None
    with_archived: bool = False


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
    """Register what a training job made as the next version of its name.

    `report` is the summary that the row holds.
    """
    model = ModelRecord(
        id=new_id("model"),
        project_id=job.project_id,
        created_by=job.created_by,
        name=name,
        version=_next_version(session, job, name),
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


def _next_version(session: Session, job: JobRecord, name: str) -> int:
    """Take a number that no other model of the name has, or had; others wait for this one."""
    for _ in range(2):
        version = session.scalar(
            update(ModelNameRecord)
            .where(ModelNameRecord.project_id == job.project_id, ModelNameRecord.name == name)
            .values(last_version=ModelNameRecord.last_version + 1)
            .returning(ModelNameRecord.last_version)
            .execution_options(synchronize_session=False)
        )
        if version is not None:
            return version
        first = ModelNameRecord(
            project_id=job.project_id, created_by=job.created_by, name=name, last_version=1
        )
        try:
            with session.begin_nested():
                session.add(first)
        except IntegrityError:
            continue  # another training was the first
        return 1
    raise RuntimeError(f"could not number a model of the name {name!r}")


def get_model(
    session: Session, project_id: str, model_id: str, *, lock: bool = False
) -> ModelRecord:
    """Read a model by its id, locked until the transaction ends if asked.

    Raises:
        NotFoundError: this project has no such model.
    """
    query = _of_project(project_id).where(ModelRecord.id == model_id)
    locked = query.with_for_update().execution_options(populate_existing=True)
    model = session.scalar(locked if lock else query)
    if model is None:
        raise NotFoundError(f"no model {model_id}")
    return model


def get_version(session: Session, project_id: str, name: str, version: int) -> ModelRecord:
    """Read a version of a name.

    Raises:
        NotFoundError: this project has no such version.
    """
    model = session.scalar(
        _of_project(project_id).where(ModelRecord.name == name, ModelRecord.version == version)
    )
    if model is None:
        raise NotFoundError(f"no model {name}@{version}")
    return model


def _of_project(project_id: str) -> Select[ModelRecord]:
    return select(ModelRecord).where(ModelRecord.project_id == project_id)


def list_models(
    session: Session,
    project_id: str,
    wanted: ModelFilter,
    *,
    page_size: int,
    page_token: str | None,
) -> Page[ModelRecord]:
    """One page of models, newest first; archived ones only if asked for."""
    query = _of_project(project_id)
    if wanted.dataset_id is not None:
        query = query.where(ModelRecord.dataset_id == wanted.dataset_id)
    if wanted.name is not None:
        query = query.where(ModelRecord.name == wanted.name)
    if not wanted.with_archived:
        query = query.where(ModelRecord.archive_time.is_(None))
    return fetch_page(
        session,
        query,
        ModelRecord.create_time,
        ModelRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def set_archived(session: Session, model: ModelRecord, *, is_archived: bool) -> None:
    """Archive a locked model, or take it out again; once more changes nothing."""
    if is_archived != (model.archive_time is not None):
        model.archive_time = utc_now() if is_archived else None
        session.flush()


def delete_model(session: Session, model: ModelRecord) -> None:
    """Delete a locked model that no alias means, and let its blobs go; within `write_blobs`.

    Raises:
        FailedPreconditionError: a job that has not ended reads it, or it is a sweep's winner.
    """
    require_unread(session, model)
    sweep_id = session.scalar(
        select(SweepRecord.id).where(
            SweepRecord.project_id == model.project_id, SweepRecord.winner_job_id == model.job_id
        )
    )
    if sweep_id is not None:
        raise FailedPreconditionError(
            f"model {model.id} is what sweep {sweep_id} has found: archive it to hide it"
        )
    blobs = (
        model.manifest_sha256,
        model.weights_sha256,
        model.report_sha256,
        model.report_page_sha256,
    )
    session.delete(model)
    session.flush()
    for sha256 in sorted({sha256 for sha256 in blobs if sha256 is not None}):
        release_artifact(session, model.project_id, sha256)


def require_unread(session: Session, model: ModelRecord) -> None:
    """Check that no job reads a locked model.

    Raises:
        FailedPreconditionError: a job that has not ended does.
    """
    reader = session.scalar(_readers_of(model))
    if reader is not None:
        raise FailedPreconditionError(
            f"model {model.id} is read by {reader.kind} job {reader.id}: wait for its end, or "
            "cancel it"
        )


def _readers_of(model: ModelRecord) -> Select[JobRecord]:
    """Jobs that have not ended, of whatever kind, whose subject is the model."""
    ended = [state.value for state in TERMINAL_STATES]
    return (
        select(JobRecord)
        .where(
            JobRecord.project_id == model.project_id,
            JobRecord.kind.in_([kind.value for kind in JobKind]),  # the index has it first
            JobRecord.subject_id == model.id,
            JobRecord.state.not_in(ended),
        )
        .limit(1)
    )
