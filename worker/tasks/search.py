"""The task that searches: a model and a spec in, proposals out; and the one that helps with it.

The job's worker plans the shards, does what nobody else does, and merges. Every other search worker
is rung for, and takes shards as long as there are any: each shard is a lease of its own.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.jobs import (
    SEARCH_HELP_TASK_NAME,
    TASK_NAME,
    JobKind,
    JobState,
    Queue,
)
from service.contract.proposals import Proposal, SearchReport
from service.contract.records import JobRecord
from service.contract.repositories import job_files, models, proposals, shards
from service.contract.search import SearchSpec
from worker.app import app
from worker.tasks import stopping
from worker.tasks.gene_sources import load_features
from worker.tasks.held_jobs import HeldJob
from worker.tasks.life_cycle import run_job
from worker.tasks.runtime import Runtime, runtime
from worker.tasks.shards import (
    ShardOutcome,
    ShardProgress,
    ShardStoppedError,
    ShardWatch,
    ShardWork,
    do_all,
    ring_helpers,
)

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor
    from worker.search.plan import SearchPlan

_TSV = "text/tab-separated-values"


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
    work = ShardWork(
        runtime(),
        job_id,
        _specs(plan),
        _ShardSearch(plan, predictor),
        should_stop=stopping.is_asked,
    )
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
    specs = _specs(plan)
    with held.runtime.database.write() as session:
        shards.plan_shards(session, held.job, specs)
    ring_helpers(held, SEARCH_HELP_TASK_NAME, Queue.SEARCH, len(specs) - 1)
    progress = ShardProgress(held, plan.expected_count)
    work = ShardWork(
        held.runtime,
        held.job.id,
        specs,
        _ShardSearch(plan, predictor),
        should_stop=held.should_stop,
        tell=progress,
        give_up=held.give_up,
    )
    do_all(held, work, progress)
    with held.runtime.database.read() as session:
        results = shards.shard_results(session, held.job.id)
        workers_count = shards.owner_count(session, held.job.id)
    report, found = finish(
        plan,
        [Part.from_bytes(result) for result in results],
        predictor,
        worker_count=workers_count,
        seconds=time.monotonic() - begin,
    )
    if plan.spec.panel is not None:
        panel = choose_panel(
            plan.spec.panel, found, background=plan.spec.background, poll=held.require_going
        )
        report = report.model_copy(update={"panel": panel})
    files = _files(held, found)
    if sheet is not None:
        filled, candidates, note = fillable_sheet(sheet, found)
        if note is not None:
            report = report.model_copy(update={"notes": (*report.notes, note)})
        if filled is not None:
            rows = order_sheet(filled, plan.spec, candidates, predictor)
            files["order_sheet.tsv"] = (held.seal(sheet_as_tsv(rows)), _TSV)
    return partial(_register, report=report, found=found, files=files)


def _specs(plan: "SearchPlan") -> list[dict[str, Any]]:
    """What tells the shards from those of another plan, of whatever version of the program."""
    return [
        {"plan": plan.fingerprint, "begin": shard.begin, "end": shard.end} for shard in plan.shards
    ]


class _ShardSearch:
    """The work on one shard."""

    def __init__(self, plan: "SearchPlan", predictor: "Predictor") -> None:
        from worker.search.screened import Screens

        self._plan = plan
        self._predictor = predictor
        self._screens = Screens(plan, predictor)

    def __call__(self, watch: ShardWatch) -> ShardOutcome:
        from worker.search.errors import SearchStoppedError
        from worker.search.run import run_shard
        from worker.search.tally import Watch

        shard = self._plan.shards[watch.lease.number]
        told = Watch(watch.passed, watch.should_stop)
        try:
            part = run_shard(self._plan, shard, self._predictor, told, self._screens)
        except SearchStoppedError as error:
            raise ShardStoppedError from error
        return ShardOutcome(part.to_bytes())


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
    shards.forget_shards(session, job.id)
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
    manifest = json.loads(runtime.store.read_checked(model.manifest_sha256))
    weights = runtime.store.check(model.weights_sha256)
    predictor = Predictor.load(weights, manifest, model_id=model.id)
    spec = SearchSpec.model_validate(job.spec)
    genes = load_features(runtime, job.project_id, spec.pool.genes)
    return predictor, plan_search(spec, predictor, genes=genes)


def _files(held: HeldJob, found: Sequence[Proposal]) -> dict[str, tuple[SealedBlob, str]]:
    from worker.search.proposal_table import as_parquet, as_tsv

    return {
        "proposals.tsv": (held.seal(as_tsv(found)), _TSV),
        "proposals.parquet": (held.seal(as_parquet(found)), "application/vnd.apache.parquet"),
    }
