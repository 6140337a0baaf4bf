"""The scheduler process: finds jobs whose worker or message was lost, and rings for them again.

Any number of schedulers may run: rows decide, and a bell that rings twice is answered once.
"""

import logging
import signal
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from service.contract.beats import touch_beat
from service.contract.database import Database
from service.contract.errors import UnavailableError
from service.contract.jobs import JobKind, JobState
from service.contract.repositories import audit, jobs, leases, promotions, sweeps, uploads, workers
from service.contract.repositories.artifacts import collect_doubtful, write_blobs
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from service.dispatch import Dispatcher
from service.metrics.families import Metrics
from service.metrics.fleet import FleetCollector
from service.metrics.listener import MetricsListener

logger = logging.getLogger(__name__)

DOUBT_SECONDS = 60.0  # longer than a transaction waits for another
FORGET_SECONDS = 3600.0
JUMP_SECONDS = 1.0
UNFINISHED_SECONDS = 2 * 86_400.0  # far longer than any upload or ingest

_FRUITLESS = (JobState.FAILED, JobState.CANCELLED)


def run_scheduler(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    database = Database(settings.resolved_database_url, pool_size=2)
    dispatcher = Dispatcher(settings.required_broker_url)
    metrics = Metrics()
    metrics.registry.register(FleetCollector(settings, database, dispatcher.queue_lengths))
    scrapes = MetricsListener(settings, metrics.registry)
    scrapes.start()
    Scheduler(settings, database, dispatcher).run(over)
    scrapes.close()


class Scheduler:
    """Looks for lost jobs, once at the start and then every `scheduler_period_seconds`."""

    def __init__(self, settings: Settings, database: Database, dispatcher: Dispatcher) -> None:
        self._settings = settings
        self._database = database
        self._dispatcher = dispatcher
        self._store = artifact_store(settings)
        self._clock = _Clock()
        self._calm_time = float("-inf")
        self._tidy_time = 0.0
        self._forget_at = float("-inf")

    def run(self, over: threading.Event) -> None:
        """Look again and again; a database or disk that fails is asked again in the next round."""
        logger.info("looks every %g s", self._settings.scheduler_period_seconds)
        while True:
            try:
                self.look()
            except (SQLAlchemyError, UnavailableError, OSError):
                logger.warning("could not look for lost jobs", exc_info=True)
            touch_beat(self._settings.beat_file)
            if over.wait(self._settings.scheduler_period_seconds):
                return

    def look(self) -> None:
        """One round: recover, settle, forget, tidy, ring."""
        if self._trusts_silence():
            self._recover()
            self._settle_promotions()
            with self._database.write() as session:
                workers.forget_stale(session, self._settings.worker_stale_seconds)
            self._tidy()
        self._ring()
        self._ring_sweeps()

    def _trusts_silence(self) -> bool:
        """Whether who tells nothing for too long is lost: nobody is, a lease long, after a jump.

        A host that has slept, or whose clock was set, finds every lease over and every file old,
        though all are still at work.
        """
        if jump := self._clock.jump():
            self._calm_time = time.monotonic() + self._settings.lease_seconds
            logger.warning(
                "the clock has jumped by %+.0f s, or the host slept: no job is taken back for %g s",
                jump,
                self._settings.lease_seconds,
            )
        return time.monotonic() >= self._calm_time

    def _tidy(self) -> None:
        """Remove what killed processes have left in the store."""
        now = time.monotonic()
        if now < self._tidy_time:
            return
        self._tidy_time = now + self._store.tidy_seconds
        self._store.sweep(UNFINISHED_SECONDS)
        collect_doubtful(self._database, self._store, DOUBT_SECONDS)
        self._forget_old_events()

    def _forget_old_events(self) -> None:
        """Shorten the audit log, once an hour."""
        if time.monotonic() < self._forget_at:
            return
        self._forget_at = time.monotonic() + FORGET_SECONDS
        with self._database.write() as session:
            audit.forget_old(session, self._settings.audit_days)

    def _recover(self) -> None:
        with write_blobs(self._database, self._store) as session:
            recovered = leases.recover_expired(session)
            for job in recovered:
                about = {"job_id": job.id, "trace_id": job.trace_id}
                logger.warning("took back a %s job: %s", job.kind, job.state, extra=about)
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
            kinds = {job.kind for job in waiting}
            queued = {kind: leases.count_queued(session, kind, gpu_count=gpus) for kind in kinds}
        try:
            lost = {kind for kind, n in queued.items() if self._dispatcher.waiting_count(kind) < n}
        except UnavailableError:
            return  # the next round rings
        for job in waiting:
            if job.kind not in lost:
                continue
            if not self._dispatcher.ring(job.job_id, job.kind):
                return  # the broker is away: the next round rings
            about = {"job_id": job.job_id, "trace_id": job.trace_id}
            logger.info("rang again for a %s job", job.kind, extra=about)
            with self._database.write() as session:
                jobs.mark_dispatched(session, job.job_id)


class _Clock:
    """Sees the time of day jump: somebody sets it, or the host sleeps."""

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()

    def jump(self) -> float:
        """Seconds that it has jumped by since it was last asked; 0 up to `JUMP_SECONDS`."""
        before, self._ahead = self._ahead, time.time() - time.monotonic()
        jump = self._ahead - before
        return jump if abs(jump) > JUMP_SECONDS else 0.0
