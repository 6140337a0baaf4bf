"""The task that scores a table, or combinations, of any size; and the one that helps with it.

The job's worker reads and checks the table once, plans the shards, does what nobody else does, and
puts the parts together. Whatever is done is kept: the prepared table, and the part of each shard.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.jobs import (
    SCORING_HELP_TASK_NAME,
    TASK_NAME,
    EventType,
    JobKind,
    JobState,
    Queue,
)
from service.contract.records import JobRecord
from service.contract.repositories import job_files, leases, shards
from service.contract.scoring_jobs import (
    PREPARED_FILE,
    SOURCE_FILE,
    ScoringReport,
    TableInput,
)
from worker.app import app
from worker.tasks import stopping
from worker.tasks.held_jobs import HeldJob
from worker.tasks.life_cycle import run_job
from worker.tasks.quotas import take_designs
from worker.tasks.runtime import runtime
from worker.tasks.scoring_parts import PARQUET, ScoringWork, is_part, step_back
from worker.tasks.scoring_results import joined_results
from worker.tasks.shards import ShardProgress, ShardWork, do_all, ring_helpers

# Share of the work, of a table's job, that goes into reading it.
_PREPARE_SHARE = 0.2
_PERIOD_SECONDS = 1.0


@app.task(name=TASK_NAME[JobKind.SCORING])
def run(job_id: str) -> None:
    """Score, with whoever helps."""
    step_back()
    run_job(runtime(), job_id, _score)


@app.task(name=SCORING_HELP_TASK_NAME)
def help_with(job_id: str) -> None:
    """Do shards of a job that another worker has planned, as long as there are any."""
    with runtime().database.read() as session:
        job = session.get(JobRecord, job_id)
        planned = [] if job is None else shards.shard_specs(session, job_id)
    if job is None or job.state != JobState.RUNNING or not planned:
        return
    step_back()
    work = ScoringWork(runtime(), job)
    shard_work = ShardWork(runtime(), job_id, work.planned(), work, should_stop=stopping.is_asked)
    while shard_work.do_next():
        pass


def _score(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    work = ScoringWork(held.runtime, held.job)
    begin = time.monotonic()
    is_table = isinstance(work.spec.input, TableInput)
    if is_table and not work.has_prepared:
        _prepare(held, work)
    prepare_seconds = time.monotonic() - begin
    if not work.is_planned:  # once a job, however often it goes on
        take_designs(held.runtime.settings, held.job, work.row_count)
    specs = work.planned()
    with held.transaction() as session:
        if work.is_planned_anew:  # by another version of the program
            job_files.forget_files(session, held.job, _parts(session, held.job))
        shards.plan_shards(session, held.job, specs)
        before = shards.count_shards(session, held.job.id).evaluated
    ring_helpers(held, SCORING_HELP_TASK_NAME, Queue.SCORING, len(specs) - 1)
    progress = ShardProgress(held, work.row_count, begin=_PREPARE_SHARE if is_table else 0.0)
    shard_work = ShardWork(
        held.runtime,
        held.job.id,
        specs,
        work,
        should_stop=held.should_stop,
        tell=progress,
        give_up=held.give_up,
    )
    do_all(held, shard_work, progress)
    files = joined_results(held, held.should_stop)
    seconds = time.monotonic() - begin
    with held.runtime.database.read() as session:
        summary = work.summary(shards.shard_results(session, held.job.id))
        worker_count = shards.owner_count(session, held.job.id)
    report = work.report(
        summary,
        seconds=seconds,
        prepare_seconds=prepare_seconds if is_table else 0.0,
        designs_per_second=max(work.row_count - before, 0) / seconds,
        worker_count=worker_count,
        shard_count=len(specs),
        size_bytes=next(iter(files.values()))[0].size_bytes,
    )
    return partial(_register, report=report, files=files)


def _prepare(held: HeldJob, work: ScoringWork) -> None:
    """Read and check the table, and keep what was made of it."""
    told = time.monotonic()

    def progress(fraction: float) -> None:
        nonlocal told
        if time.monotonic() - told >= _PERIOD_SECONDS:
            told = time.monotonic()
            message = "reading and checking the table"
            share = _PREPARE_SHARE * fraction
            held.emit(EventType.PROGRESS, {"fraction": share, "message": message})

    target = held.scratch / PREPARED_FILE
    work.prepare(target, progress=progress, should_stop=_stopping(held))
    sealed = held.seal(target)
    target.unlink()
    with held.transaction() as session:
        job = leases.lock_held(session, held.lease)
        job_files.add_files(session, job, {PREPARED_FILE: (sealed, PARQUET)})
    work.open_prepared(sealed.sha256)


def _stopping(held: HeldJob) -> Callable[[], bool]:
    def should_stop() -> bool:
        held.require_going()
        return False

    return should_stop


def _register(
    session: Session,
    job: JobRecord,
    *,
    report: ScoringReport,
    files: Mapping[str, tuple[SealedBlob, str]],
) -> dict[str, Any]:
    job_files.add_files(session, job, files)
    job_files.forget_files(session, job, _parts(session, job) | {SOURCE_FILE, PREPARED_FILE})
    shards.forget_shards(session, job.id)
    return {"report": report.model_dump(mode="json")}


def _parts(session: Session, job: JobRecord) -> set[str]:
    return {name for name in job_files.files_of(session, job.id) if is_part(name)}
