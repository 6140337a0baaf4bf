"""The scheduler process: finds jobs whose worker or message was lost, and rings for them again.

Any number of schedulers may run: rows decide, and a bell that rings twice is answered once.
"""

import logging
import signal
import threading

from sqlalchemy.exc import SQLAlchemyError

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.errors import UnavailableError
from service.contract.jobs import JobKind, JobState
from service.contract.repositories import jobs, leases, promotions, sweeps, uploads, workers
from service.contract.repositories.artifacts import collect_doubtful, write_blobs
from service.contract.settings import Settings
from service.dispatch import Dispatcher

logger = logging.getLogger(__name__)

DOUBT_SECONDS = 60.0  # longer than a transaction waits for another
UNFINISHED_SECONDS = 2 * 86_400.0  # far longer than any upload or ingest

_FRUITLESS = (JobState.FAILED, JobState.CANCELLED)


def run_scheduler(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    scheduler = Scheduler(
        settings,
        Database(settings.resolved_database_url, pool_size=2),
        Dispatcher(settings.required_broker_url),
    )
    scheduler.run(over)


class Scheduler:
    """Looks for lost jobs, once at the start and then every `scheduler_period_seconds`."""

    def __init__(self, settings: Settings, database: Database, dispatcher: Dispatcher) -> None:
        self._settings = settings
        self._database = database
        self._dispatcher = dispatcher
        self._store = ArtifactStore(settings.artifact_dir)

    def run(self, over: threading.Event) -> None:
        """Look again and again; a database that is away is asked again in the next round."""
        while True:
            try:
                self.look()
            except SQLAlchemyError:
                logger.warning("could not look for lost jobs", exc_info=True)
            if over.wait(self._settings.scheduler_period_seconds):
                return

    def look(self) -> None:
        """One round: recover, ring, settle, forget."""
        self._recover()
        self._ring()
        self._ring_sweeps()
        self._settle_promotions()
        with self._database.write() as session:
            workers.forget_stale(session, self._settings.worker_stale_seconds)
        self._store.sweep(UNFINISHED_SECONDS)
        collect_doubtful(self._database, self._store, DOUBT_SECONDS)

    def _recover(self) -> None:
        with write_blobs(self._database, self._store) as session:
            recovered = leases.recover_expired(session)
            for job in recovered:
                logger.warning("took back %s job %s: %s", job.kind, job.id, job.state)
                if job.state in _FRUITLESS:
                    uploads.forget_source(session, job)
        for job in recovered:
            self._store.forget_scratch(leases.Lease(job.id, job.fence).name)

    def _settle_promotions(self) -> None:
        """End promotions whose time is over, or of which a worker that was waited for has gone."""
        with self._database.read() as session:
            pending = promotions.list_pending(session)
        for promotion_id in pending:
            with self._database.write() as session:
                stale_seconds = self._settings.worker_stale_seconds
                promotions.settle_promotion(session, promotion_id, stale_seconds)

    def _ring_sweeps(self) -> None:
        """Have every sweep taken on: a budget runs out, and a bell may have been lost.

        Not while bells hang in the queue: they would pile up before a worker that is at work.
        """
        with self._database.read() as session:
            unfinished = sweeps.list_unfinished(session)
        try:
            if unfinished and self._dispatcher.waiting_count(JobKind.INGEST):
                return
        except UnavailableError:
            return
        for sweep_id in unfinished:
            if not self._dispatcher.ring_sweep(sweep_id):
                return

    def _ring(self) -> None:
        """Ring for jobs whose bell was lost: more of them wait than bells hang in the queue.

        Without that count, a job that waits for hours would be rung for every 30 seconds.
        """
        with self._database.read() as session:
            # Who asks for more GPUs than anybody has is not rung for.
            most = workers.most_gpus(session, self._settings.worker_stale_seconds)
            gpus = max(most.values(), default=0)
            waiting = leases.list_undispatched(
                session,
                self._settings.redispatch_seconds,
                max_running=self._settings.max_running_jobs,
                gpu_count=gpus,
            )
            kinds = {kind for _, kind in waiting}
            queued = {kind: leases.count_queued(session, kind, gpu_count=gpus) for kind in kinds}
        try:
            lost = {kind for kind, n in queued.items() if self._dispatcher.waiting_count(kind) < n}
        except UnavailableError:
            return  # the next round rings
        for job_id, kind in waiting:
            if kind not in lost:
                continue
            if not self._dispatcher.ring(job_id, kind):
                return  # the broker is away: the next round rings
            with self._database.write() as session:
                jobs.mark_dispatched(session, job_id)
