"""What depends on what, and what goes with it: all SQL of deletions but that of a model alone.

A data set is needed by the trainings on it, a gene table by its networks and by the trainings that
read it, a training job by its model and by the sweep that it is a trial of, a sweep by its jobs.
Nothing that is needed goes by itself, nothing that is at work or has an alias goes at all.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.contract.errors import FailedPreconditionError, Offender
from service.contract.jobs import TERMINAL_STATES, JobKind, JobState
from service.contract.records import (
    DatasetRecord,
    GeneTableRecord,
    JobRecord,
    ModelRecord,
    NetworkRecord,
    SweepRecord,
    UploadRecord,
)
from service.contract.repositories import aliases, job_files, models
from service.contract.repositories.artifacts import release_artifact

Thing = UploadRecord | JobRecord | SweepRecord | ModelRecord

_SHOWN = 20  # dependents that a refusal names
_UNFINISHED = tuple(state.value for state in JobState if state not in TERMINAL_STATES)

# A sweep goes before the model that it has found, a model before the job that made it.
_ORDER: tuple[type[Thing], ...] = (
    SweepRecord,
    ModelRecord,
    JobRecord,
    NetworkRecord,
    GeneTableRecord,
    DatasetRecord,
)


def delete_thing(session: Session, thing: Thing, *, cascade: bool = False) -> list[Thing]:
    """Delete a locked row, what is stored of it and, if asked, all that depends on it.

    Within `write_blobs`. Returns what was deleted, `thing` last.

    Raises:
        FailedPreconditionError: something depends on it; or one of what would go is at work, or
            an alias means it.
    """
    gone = _with_dependents(session, thing)
    others = [one for one in gone if one is not thing]
    if others and not cascade:
        raise FailedPreconditionError(
            f"{_name(thing)} is needed by {_counted(others)}: delete these first, or all of it "
            "with cascade",
            [_offender(one) for one in others[:_SHOWN]],
        )
    for one in gone:
        _require_idle(session, one)
    for one in gone:
        _delete(session, one)
    return gone


def _with_dependents(session: Session, thing: Thing) -> list[Thing]:
    """All that goes, each once, in the order in which it can go."""
    found: dict[tuple[type, str], Thing] = {(type(thing), thing.id): thing}
    new = [thing]
    while new:
        for one in _needing(session, new.pop()):
            if (type(one), one.id) not in found:
                found[type(one), one.id] = one
                new.append(one)
    return sorted(
        found.values(), key=lambda one: (_ORDER.index(type(one)), one is thing, one.create_time)
    )


def _needing(session: Session, thing: Thing) -> Iterator[Thing]:
    """What needs a row directly; locked."""
    for query in _DEPENDENTS[type(thing)](thing):
        yield from session.scalars(query.with_for_update())
    if isinstance(thing, NetworkRecord):
        yield from _readers_of_network(session, thing)


def _of_dataset(dataset: Any) -> Iterator[Select[Any]]:  # noqa: ANN401 - by the table below
    yield _trainings(dataset).where(JobRecord.subject_id == dataset.id)
    yield select(SweepRecord).where(
        SweepRecord.project_id == dataset.project_id, SweepRecord.dataset_id == dataset.id
    )


def _of_gene_table(table: Any) -> Iterator[Select[Any]]:  # noqa: ANN401
    yield select(NetworkRecord).where(NetworkRecord.gene_table_id == table.id)
    yield _trainings(table).where(_gene_table_of(JobRecord.spec) == table.id)
    yield select(SweepRecord).where(
        SweepRecord.project_id == table.project_id,
        _gene_table_of(SweepRecord.spec["training"]) == table.id,
    )


def _of_job(job: Any) -> Iterator[Select[Any]]:  # noqa: ANN401
    yield select(ModelRecord).where(ModelRecord.job_id == job.id)
    yield select(SweepRecord).where(SweepRecord.id == job.sweep_id)


def _of_sweep(sweep: Any) -> Iterator[Select[Any]]:  # noqa: ANN401
    yield select(JobRecord).where(JobRecord.sweep_id == sweep.id)


def _of_nothing(_: Any) -> Iterator[Select[Any]]:  # noqa: ANN401
    """Nothing needs a model; what reads a network is in `_readers_of_network`."""
    yield from ()


_DEPENDENTS: Mapping[type[Any], Callable[[Any], Iterator[Select[Any]]]] = {
    DatasetRecord: _of_dataset,
    GeneTableRecord: _of_gene_table,
    NetworkRecord: _of_nothing,
    JobRecord: _of_job,
    SweepRecord: _of_sweep,
    ModelRecord: _of_nothing,
}


def _readers_of_network(session: Session, network: NetworkRecord) -> Iterator[Thing]:
    table = session.get_one(GeneTableRecord, network.gene_table_id)
    for query in _of_gene_table(table):
        for row in session.scalars(query.with_for_update()):
            if not isinstance(row, NetworkRecord) and network.name in _network_names(row):
                yield row


def _network_names(row: JobRecord | SweepRecord) -> set[str]:
    spec = row.spec["training"] if isinstance(row, SweepRecord) else row.spec
    return {used["name"] for used in (spec.get("genes") or {}).get("networks", ())}


def _trainings(thing: Thing) -> Select[Any]:
    return select(JobRecord).where(
        JobRecord.project_id == thing.project_id, JobRecord.kind == JobKind.TRAINING
    )


def _gene_table_of(spec: Any) -> Any:  # noqa: ANN401 - SQLAlchemy's JSON path
    return spec["genes"]["gene_table_id"].as_string()


def _require_idle(session: Session, thing: Thing) -> None:
    if isinstance(thing, ModelRecord):
        aliases.require_unaliased(session, thing, "deleted")
        models.require_unread(session, thing)
    elif isinstance(thing, JobRecord | SweepRecord):
        if thing.state in _UNFINISHED:
            raise FailedPreconditionError(
                f"{_name(thing)} is {thing.state}: cancel it, or wait for its end"
            )
    elif session.scalar(_at_work_for(thing)) is not None:
        raise FailedPreconditionError(f"{_name(thing)} is in use by a job: wait for its end")


def _at_work_for(upload: UploadRecord) -> Select[Any]:
    """Jobs that have not ended: the ingest of an upload, and searches in genes of a table."""
    unfinished = select(JobRecord.id).where(
        JobRecord.project_id == upload.project_id, JobRecord.state.in_(_UNFINISHED)
    )
    by_ingest = JobRecord.id == upload.job_id
    if not isinstance(upload, GeneTableRecord):
        return unfinished.where(by_ingest).limit(1)
    in_genes = JobRecord.spec["pool"]["genes"]["gene_table_id"].as_string() == upload.id
    searches = (JobRecord.kind == JobKind.SEARCH) & in_genes
    return unfinished.where(by_ingest | searches).limit(1)


def _delete(session: Session, thing: Thing) -> None:
    if isinstance(thing, ModelRecord):
        models.delete_model(session, thing)
        return
    blobs = _blobs_of(session, thing)
    ingest = session.get(JobRecord, thing.job_id) if isinstance(thing, UploadRecord) else None
    for row in (thing, ingest):
        if row is not None:
            session.delete(row)
    session.flush()
    for sha256 in sorted(blobs):
        release_artifact(session, thing.project_id, sha256)


def _blobs_of(session: Session, thing: Thing) -> set[str]:
    """What is stored of a row that is no model."""
    named: list[str | None] = []
    if isinstance(thing, JobRecord):
        named = [thing.checkpoint_sha256, *job_files.files_of(session, thing.id).values()]
    elif isinstance(thing, UploadRecord):
        named = [thing.source_sha256, thing.table_sha256]
    if isinstance(thing, DatasetRecord):
        named.append(thing.vocabulary_sha256)
    return {sha256 for sha256 in named if sha256 is not None}


def _name(thing: Thing) -> str:
    return f"{_noun(thing)} {thing.id}"


def _noun(thing: Thing) -> str:
    if isinstance(thing, UploadRecord):
        return thing.noun
    if isinstance(thing, JobRecord):
        return f"{thing.kind.replace('_', ' ')} job"
    return "sweep" if isinstance(thing, SweepRecord) else "model"


def _counted(things: list[Thing]) -> str:
    counts: dict[str, int] = {}
    for thing in things:
        counts[_noun(thing)] = counts.get(_noun(thing), 0) + 1
    return ", ".join(f"{n} {noun}{'s' if n > 1 else ''}" for noun, n in counts.items())


def _offender(thing: Thing) -> Offender:
    return Offender(field=_noun(thing), value=thing.id, message=f"{_name(thing)} needs it")
