"""The task that searches: a model and a spec in, proposals out; and the one that helps with it.

The job's worker plans the shards, does what nobody else does, and merges. Every other search worker
is rung for, and takes shards as long as there are any: each shard is a lease of its own.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError
from redis import RedisError
from sqlalchemy.orm import Session

from service.contract.artifacts import SealedBlob
from service.contract.jobs import (
    SEARCH_HELP_TASK_NAME,
    TASK_NAME,
    EventType,
    JobKind,
    JobState,
    Queue,
)
from service.contract.proposals import Proposal, SearchReport
from service.contract.records import JobRecord
from service.contract.repositories import job_files, models, proposals, search_shards, workers
from service.contract.search import SearchSpec
from worker.app import app
from worker.tasks import stopping
from worker.tasks.life_cycle import HeldJob, JobStoppedError, run_job
from worker.tasks.runtime import Runtime, runtime
from worker.tasks.search_shards import ShardWork, shard_spec

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor
    from worker.search.plan import SearchPlan

logger = logging.getLogger(__name__)

_PERIOD_SECONDS = 1.0
_TSV = "text/tab-separated-values"
_WAIT_SECONDS = 0.2


@app.task(name=TASK_NAME[JobKind.SEARCH])
def run(job_id: str) -> None:
    """Search, with whoever helps."""
    run_job(runtime(), job_id, _search)


@app.task(name=SEARCH_HELP_TASK_NAME)
def help_with(job_id: str) -> None:
    """Do shards of a search that another worker has planned, as long as there are any."""
    with runtime().database.read() as session:
        job = session.get(JobRecord, job_id)
    if job is None or job.state != JobState.RUNNING:
        return
    predictor, plan = _prepare(runtime(), job)
    work = ShardWork(runtime(), job_id, plan, predictor, should_stop=stopping.is_asked)
    while work.do_next():
        pass


def _search(held: HeldJob) -> Callable[[Session, JobRecord], dict[str, Any]]:
    from worker.search.panel import choose_panel
    from worker.search.parts import Part
    from worker.search.run import finish
    from worker.search.sheet import order_sheet, sheet_as_tsv
    from worker.search.sheet_fit import fillable_sheet, fitted_sheet

    begin = time.monotonic()
    predictor, plan = _prepare(held.runtime, held.job)
    wanted = plan.spec.order_sheet
    sheet = None if wanted is None else fitted_sheet(wanted, plan.spec, predictor)
    with held.runtime.database.write() as session:
        specs = [shard_spec(plan, shard) for shard in plan.shards]
        search_shards.plan_shards(session, held.job, specs)
    _ring_helpers(held, len(plan.shards) - 1)
    tell = _Progress(held, plan.expected_count)
    work = ShardWork(
        held.runtime, held.job.id, plan, predictor, should_stop=held.should_stop, tell=tell
    )
    while not tell.is_done():
        if held.should_stop():
            raise JobStoppedError
        if not work.do_next():
            time.sleep(_WAIT_SECONDS)
    with held.runtime.database.read() as session:
        results = search_shards.shard_results(session, held.job.id)
        workers_count = search_shards.owner_count(session, held.job.id)
    report, found = finish(
        plan,
        [Part.from_bytes(result) for result in results],
        predictor,
        worker_count=workers_count,
        seconds=time.monotonic() - begin,
    )
    if plan.spec.panel is not None:
        report = report.model_copy(update={"panel": choose_panel(plan.spec.panel, found)})
    files = _files(held, found)
    if sheet is not None:
        filled, candidates, note = fillable_sheet(sheet, found)
        if note is not None:
            report = report.model_copy(update={"notes": (*report.notes, note)})
        if filled is not None:
            rows = order_sheet(filled, plan.spec, candidates, predictor)
            files["order_sheet.tsv"] = (held.seal(sheet_as_tsv(rows)), _TSV)
    return partial(_register, report=report, found=found, files=files)


def _register(
    session: Session,
    job: JobRecord,
    *,
    report: SearchReport,
    found: Sequence[Proposal],
    files: dict[str, tuple[SealedBlob, str]],
) -> dict[str, Any]:
    proposals.add_proposals(session, job, found)
    job_files.add_files(session, job, files)
    search_shards.forget_shards(session, job.id)
    return {"report": report.model_dump(mode="json")}


def _prepare(runtime: Runtime, job: JobRecord) -> tuple["Predictor", "SearchPlan"]:
    # Here, not above: the pool's main process must never load torch (CUDA does not survive it).
    import torch

    from worker.inference.predictor import Predictor
    from worker.search.plan import plan_search

    if runtime.settings.search_threads is not None:
        torch.set_num_threads(runtime.settings.search_threads)
    with runtime.database.read() as session:
        model = models.get_model(session, job.project_id, job.subject_id)
    manifest = json.loads(runtime.store.read(model.manifest_sha256))
    weights = runtime.store.path(model.weights_sha256)
    predictor = Predictor.load(weights, manifest, model_id=model.id)
    return predictor, plan_search(SearchSpec.model_validate(job.spec), predictor)


def _ring_helpers(held: HeldJob, most: int) -> None:
    """Ring once for every other worker that serves the queue. Who does not hear is not needed."""
    settings = held.runtime.settings
    with held.runtime.database.read() as session:
        others = workers.count_live(session, Queue.SEARCH, settings.worker_stale_seconds) - 1
    try:
        for _ in range(min(most, others)):
            app.send_task(
                SEARCH_HELP_TASK_NAME, args=[held.job.id], queue=Queue.SEARCH.value, retry=False
            )
    except (OperationalError, CeleryOperationalError, RedisError, OSError):
        logger.warning("could not ring for help", extra={"job_id": held.job.id})


class _Progress:
    """Tells how far all shards are, about once a second."""

    def __init__(self, held: HeldJob, possible_count: int) -> None:
        self._held = held
        self._possible = possible_count
        self._begin = time.monotonic()
        self._first: int | None = None
        self._told = -_PERIOD_SECONDS

    def __call__(self) -> None:
        """Tell, unless it was told a moment ago."""
        if time.monotonic() - self._told >= _PERIOD_SECONDS:
            self._tell()

    def is_done(self) -> bool:
        """Whether every shard is done; tells how far they are."""
        counts = self._tell()
        return counts.done == counts.total

    def _tell(self) -> search_shards.ShardCounts:
        with self._held.runtime.database.read() as session:
            counts = search_shards.count_shards(session, self._held.job.id)
        self._told = time.monotonic()
        if self._first is None:  # what an earlier attempt has done took none of our time
            self._first = counts.evaluated
        fraction = min(counts.evaluated / self._possible, 1.0) if self._possible else 1.0
        done = counts.evaluated - self._first
        left = None
        if done:
            seconds = self._told - self._begin
            left = max(self._possible - counts.evaluated, 0) * seconds / done
        self._held.emit(
            EventType.PROGRESS,
            {
                "fraction": fraction,
                "estimated_seconds_left": left,
                "evaluated_count": counts.evaluated,
                "possible_count": self._possible,
            },
        )
        return counts


def _files(held: HeldJob, found: Sequence[Proposal]) -> dict[str, tuple[SealedBlob, str]]:
    from worker.search.proposal_table import as_parquet, as_tsv

    return {
        "proposals.tsv": (held.seal(as_tsv(found)), _TSV),
        "proposals.parquet": (held.seal(as_parquet(found)), "application/vnd.apache.parquet"),
    }
