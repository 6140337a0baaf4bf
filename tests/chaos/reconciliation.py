"""Compares a ledger with rows and blobs: whatever was lost, doubled or left over is named."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.database import Database
from service.contract.jobs import TERMINAL_STATES, EventType, JobKind, JobState
from service.contract.records import (
    ArtifactRecord,
    DatasetRecord,
    JobEventRecord,
    JobFileRecord,
    JobRecord,
    JobShardRecord,
    ModelNameRecord,
    ModelRecord,
    ProposalRecord,
)
from tests.chaos.ledger import Entry


@dataclass
class Balance:
    """What came of a ledger. `wrong` is everything else that does not add up."""

    accepted: int = 0
    finished: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def without(self, told: Collection[str]) -> "Balance":
        """The same, less what was told before."""
        lists = [[x for x in xs if x not in told] for xs in (self.lost, self.doubled, self.wrong)]
        return Balance(self.accepted, self.finished, *lists)

    def faults(self) -> list[str]:
        """All that may not be."""
        return [*self.lost, *self.doubled, *self.wrong]


def reconcile(
    entries: Sequence[Entry],
    database: Database,
    artifact_dir: Path,
    proposals: int,
    settled: Collection[str] = (),
) -> Balance:
    """Compare what a client asked for with what a deployment holds.

    Args:
        entries: of the ledger.
        database: of the deployment.
        artifact_dir: its blobs.
        proposals: how many a search has.
        settled: request ids of jobs that are not looked at, nor their events: they were before.
    """
    balance = Balance()
    with database.read() as session:
        jobs = {job.request_id: job for job in _unsettled(session, settled)}
        new = [job.id for job in jobs.values()]
        balance.wrong += _unclear(entries)
        for entry in entries:
            if entry.kind is not None:
                _follow(session, entry, jobs.pop(entry.request_id, None), balance, proposals)
        balance.doubled += [f"job {job.id} that nobody asked for" for job in jobs.values()]
        balance.doubled += _doubled_models(session)
        balance.wrong += _false_stories(session, new)
        balance.wrong += _wrong_blobs(session, artifact_dir)
    return balance


def _unsettled(session: Session, settled: Collection[str]) -> Iterator[JobRecord]:
    known = session.execute(select(JobRecord.id, JobRecord.request_id)).all()
    for ids in _batches([job_id for job_id, request_id in known if request_id not in settled]):
        yield from session.scalars(select(JobRecord).where(JobRecord.id.in_(ids)))


def _batches(ids: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    for begin in range(0, len(ids), size):
        yield ids[begin : begin + size]


def _unclear(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if not entry.is_accepted:
            last = entry.answers[-1].text if entry.answers else "no answer"
            yield f"{entry.kind} {entry.request_id} was not taken: {last}"
        for answer in entry.answers:
            if not (answer.is_good or answer.is_retryable):
                yield f"{entry.kind} {entry.request_id} was answered {answer.text}"


def _follow(
    session: Session, entry: Entry, job: JobRecord | None, balance: Balance, proposals: int
) -> None:
    """What came of one create."""
    if entry.is_accepted:
        balance.accepted += 1
    if job is None:
        if entry.is_accepted:
            balance.lost.append(f"{entry.kind} {entry.request_id} has no row")
        return
    if job.state != JobState.SUCCEEDED:
        balance.lost.append(f"{job.kind} {job.id} is {job.state}: {job.error}")
        return
    balance.finished += 1
    if (job.owner, job.lease_until, job.checkpoint_sha256) != (None, None, None):
        balance.wrong.append(f"{job.id} has ended and is still held: {job.owner}")
    problem = _result_problem(session, job, proposals)
    if problem is not None:
        balance.lost.append(f"{job.kind} {job.id}: {problem}")


def _result_problem(session: Session, job: JobRecord, proposals: int) -> str | None:
    """What the result of a job lacks, or has too much."""
    if job.kind == JobKind.TRAINING:
        models = session.scalars(select(ModelRecord.id).where(ModelRecord.job_id == job.id)).all()
        is_right = job.result is not None and models == [job.result["model_id"]]
        return None if is_right else f"models {models}"
    if job.kind == JobKind.INGEST:
        query = select(DatasetRecord.state).where(DatasetRecord.job_id == job.id)
        states = session.scalars(query).all()
        return None if states == ["READY"] else f"data sets {states}"
    query = select(JobShardRecord.number).where(JobShardRecord.job_id == job.id)
    if shards := session.scalars(query).all():
        return f"shards {shards} are left"
    if job.kind == JobKind.SCORING:
        files = session.scalars(select(JobFileRecord.name).where(JobFileRecord.job_id == job.id))
        names = sorted(files.all())
        return None if names == ["results.parquet"] else f"files {names}"
    ranks = select(ProposalRecord.rank).where(ProposalRecord.job_id == job.id)
    found = sorted(session.scalars(ranks))
    return None if found == list(range(1, proposals + 1)) else f"proposals {found}"


def _doubled_models(session: Session) -> Iterator[str]:
    """A job has one model, and a name's versions are numbered without gaps."""
    for job_id, number in Counter(session.scalars(select(ModelRecord.job_id))).items():
        if number > 1:
            yield f"job {job_id} has {number} models"
    versions = Counter(session.scalars(select(ModelRecord.name)))
    for name in session.scalars(select(ModelNameRecord)):
        if name.last_version != versions[name.name]:
            yield f"{name.name} has {versions[name.name]} models, the last is {name.last_version}"


def _false_stories(session: Session, job_ids: Sequence[str]) -> Iterator[str]:
    """Events are numbered without gaps; one of them ends the job, and none follows it."""
    stories: dict[str, list[JobEventRecord]] = {}
    order = (JobEventRecord.job_id, JobEventRecord.sequence)
    for ids in _batches(job_ids):
        query = select(JobEventRecord).where(JobEventRecord.job_id.in_(ids)).order_by(*order)
        for event in session.scalars(query):
            stories.setdefault(event.job_id, []).append(event)
    for job_id, events in stories.items():
        if [event.sequence for event in events] != list(range(1, len(events) + 1)):
            yield f"{job_id} has gaps in its events"
        ends = [event.sequence for event in events if _is_end(event)]
        if ends != [len(events)]:
            yield f"{job_id} ends at {ends} of {len(events)} events"


def _is_end(event: JobEventRecord) -> bool:
    return event.type == EventType.STATE and event.data["state"] in TERMINAL_STATES


def _wrong_blobs(session: Session, artifact_dir: Path) -> Iterator[str]:
    """Files, rows of artifacts and the rows that name them are one set; content fits its name."""
    files = {path.name: path for path in artifact_dir.glob("[0-9a-f][0-9a-f]/*")}
    rows = set(session.scalars(select(ArtifactRecord.sha256)))
    named = _named(session)
    yield from (f"blob {sha256} has no row" for sha256 in files.keys() - rows)
    yield from (f"blob {sha256} has no file" for sha256 in rows - files.keys())
    yield from (f"blob {sha256} is named by nothing" for sha256 in rows - named)
    yield from (f"blob {sha256} is named and not held" for sha256 in named - rows)
    for sha256, path in files.items():
        if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            yield f"blob {sha256} is not what it was"
    for path in (artifact_dir / "incoming").glob("job_*"):
        yield f"scratch {path.name} is left"


def _named(session: Session) -> set[str]:
    columns = [
        DatasetRecord.source_sha256,
        DatasetRecord.table_sha256,
        DatasetRecord.vocabulary_sha256,
        ModelRecord.manifest_sha256,
        ModelRecord.weights_sha256,
        ModelRecord.report_sha256,
        ModelRecord.report_page_sha256,
        JobRecord.checkpoint_sha256,
        JobFileRecord.sha256,
    ]
    return {value for column in columns for value in session.scalars(select(column)) if value}
