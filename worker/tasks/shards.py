"""A worker's part in a job of shards: claim one, do it under a heartbeat, keep what it gives.

The job's worker plans the shards, does those that nobody else does, and tells how far all are.
Every other worker of its queue is rung for, and takes shards as long as there are any.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from service.contract.blobs import SealedBlob
from service.contract.errors import LeaseLostError
from service.contract.jobs import EventType, Queue
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, job_files, shards, workers
from service.contract.repositories.shards import ShardCounts, ShardLease
from worker.app import app
from worker.tasks import heartbeat
from worker.tasks.held_jobs import HeldJob, JobStoppedError
from worker.tasks.runtime import Runtime, worker_name

logger = logging.getLogger(__name__)

_PERIOD_SECONDS = 1.0
_WAIT_SECONDS = 0.2

Spec = Mapping[str, Any]


class ShardStoppedError(Exception):
    """Work on a shard stopped because it was asked to."""


@dataclass(frozen=True)
class ShardOutcome:
    """What a shard gives: its result, and files of the job by name, with their media types."""

    result: bytes
    files: Mapping[str, tuple[SealedBlob, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ShardWatch:
    """What the work on a shard is given: the lease, and how to tell of designs and ask for stops.

    `scratch` names a folder of the store for unfinished files, which goes when the shard is over.
    """

    lease: ShardLease
    passed: Callable[[int], None]
    should_stop: Callable[[], bool]

    @property
    def scratch(self) -> str:
        """Names this attempt at the shard, and no other."""
        return scratch_name(self.lease, self.lease.fence)


DoShard = Callable[[ShardWatch], ShardOutcome]


def scratch_name(lease: ShardLease, fence: int) -> str:
    """Names the unfinished files of an attempt at a shard."""
    return f"{lease.job_id}.shard-{lease.number}.{fence}"


class ShardWork:
    """Shards of one job, one after the other.

    Args:
        runtime: the worker's parts.
        job_id: the job.
        specs: what its shards are; those of another plan are let be.
        do: the work on one; it raises `ShardStoppedError` soon after it is asked to stop.
        should_stop: polled while a shard is at work; what it has done is then thrown away.
        tell: called from time to time while a shard is at work.
        give_up: called before this process ends because work on a lost shard does not stop.
    """

    def __init__(
        self,
        runtime: Runtime,
        job_id: str,
        specs: Sequence[Spec],
        do: DoShard,
        *,
        should_stop: Callable[[], bool],
        tell: Callable[[], None] = lambda: None,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime = runtime
        self._job_id = job_id
        self._specs = [dict(spec) for spec in specs]
        self._do_shard = do
        self._should_stop = should_stop
        self._tell = tell
        self._give_up = give_up

    def do_next(self) -> bool:
        """Do a shard that nobody holds; False where there is none, or it was stopped.

        Raises:
            WorkerLostError: a shard has cost too many workers.
        """
        with self._runtime.database.write() as session:
            lease = shards.claim_shard(
                session, self._job_id, worker_name(), self._runtime.settings.lease_seconds
            )
        if lease is None:
            return False
        try:
            return self._do(lease)
        except LeaseLostError:
            logger.warning("lost shard %s of %s", lease.number, self._job_id)
            return False

    def _do(self, lease: ShardLease) -> bool:
        if self._specs[lease.number : lease.number + 1] != [dict(lease.spec)]:
            logger.warning("shard %s of %s is of another plan", lease.number, self._job_id)
            self._release(lease)
            return False
        # Of a worker that was lost: where it is only late, its lease is gone all the same.
        self._runtime.store.forget_scratch(scratch_name(lease, lease.fence - 1))
        with _ShardHeartbeat(self._runtime, lease, self._give_up) as beat:

            def should_stop() -> bool:
                self._tell()
                return beat.is_lost.is_set() or self._should_stop()

            watch = ShardWatch(lease, beat.passed, should_stop)
            try:
                self._keep(lease, self._do_shard(watch), beat)
            except ShardStoppedError:
                self._release(lease)
                return False
            except LeaseLostError:
                raise
            except BaseException:
                self._release(lease)  # whoever takes it next meets the same, and tells the job
                raise
            finally:
                self._runtime.store.forget_scratch(watch.scratch)
        return True

    def _keep(self, lease: ShardLease, outcome: ShardOutcome, beat: "_ShardHeartbeat") -> None:
        with artifacts.write_blobs(self._runtime.database, self._runtime.store) as session:
            shards.finish_shard(session, lease, outcome.result, evaluated_count=beat.count)
            if outcome.files:
                job = session.get_one(JobRecord, lease.job_id)
                job_files.add_files(session, job, outcome.files)

    def _release(self, lease: ShardLease) -> None:
        with self._runtime.database.write() as session:
            shards.release_shard(session, lease)


class _ShardHeartbeat:
    """Renews a shard's lease from a thread of its own, with the designs it has gone through.

    Work whose lease is lost is asked to stop; where it does not, this process ends, as it does
    with that of a whole job (`Heartbeat`): it would take no other shard, nor any other job.
    """

    def __init__(self, runtime: Runtime, lease: ShardLease, give_up: Callable[[], None]) -> None:
        self._runtime = runtime
        self._lease = lease
        self._give_up = give_up
        self.count = 0
        self._over = threading.Event()
        run = partial(copy_context().run, self._run)  # its log lines are about the same job
        self._thread = threading.Thread(target=run, name="shard-heartbeat", daemon=True)
        self.is_lost = threading.Event()

    def __enter__(self) -> "_ShardHeartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def passed(self, count: int) -> None:
        """Note that so many more designs have been gone through."""
        self.count += count

    def _run(self) -> None:
        settings = self._runtime.settings
        while not self._over.wait(min(settings.heartbeat_seconds, 1.0)):
            try:
                with self._runtime.database.write() as session:
                    shards.renew_shard(session, self._lease, settings.lease_seconds, self.count)
            except LeaseLostError:
                self._leave_lost()
                return
            except SQLAlchemyError:
                logger.warning("shard heartbeat failed", exc_info=True)

    def _leave_lost(self) -> None:
        if self._over.is_set():
            return
        self.is_lost.set()
        if not self._over.wait(heartbeat.LOST_SECONDS):
            self._give_up()
            scratch = scratch_name(self._lease, self._lease.fence)
            heartbeat.end_process(self._runtime.store, scratch)


class ShardProgress:
    """Tells how far all shards are, about once a second.

    Args:
        held: the job.
        possible_count: designs of all shards.
        begin: share of the job's work that was done before its shards, of 1.
    """

    def __init__(self, held: HeldJob, possible_count: int, *, begin: float = 0.0) -> None:
        self._held = held
        self._possible = possible_count
        self._begin = begin
        self._begin_time = time.monotonic()
        self._told_time = -_PERIOD_SECONDS
        self._first: ShardCounts | None = None
        self._last: ShardCounts | None = None

    def __call__(self) -> None:
        """Tell, unless it was told a moment ago."""
        if self._is_due():
            self._tell(self._count())

    def is_done(self) -> bool:
        """Whether every shard is done; tells how far they are, where that has changed."""
        counts = self._count()
        if counts != self._last or self._is_due():
            self._tell(counts)
        return counts.done == counts.total

    def _is_due(self) -> bool:
        return time.monotonic() - self._told_time >= _PERIOD_SECONDS

    def _count(self) -> ShardCounts:
        with self._held.runtime.database.read() as session:
            return shards.count_shards(session, self._held.job.id)

    def _tell(self, counts: ShardCounts) -> None:
        self._told_time, self._last = time.monotonic(), counts
        if self._first is None:  # what an earlier attempt has done took none of our time
            self._first = counts
        share = min(counts.evaluated / self._possible, 1.0) if self._possible else 1.0
        done = counts.evaluated - self._first.evaluated
        left = None
        if done:
            seconds = self._told_time - self._begin_time
            left = max(self._possible - counts.evaluated, 0) * seconds / done
        self._held.emit(
            EventType.PROGRESS,
            {
                "fraction": self._begin + (1 - self._begin) * share,
                "estimated_seconds_left": left,
                "evaluated_count": counts.evaluated,
                "possible_count": self._possible,
            },
        )


def do_all(held: HeldJob, work: ShardWork, progress: ShardProgress) -> None:
    """Do shards until all are done, by whomever.

    Raises:
        JobStoppedError: the job was asked to stop.
    """
    while not progress.is_done():
        if held.should_stop():
            raise JobStoppedError
        if not work.do_next():
            time.sleep(_WAIT_SECONDS)


def ring_helpers(held: HeldJob, task_name: str, queue: Queue, most: int) -> None:
    """Ring once for every other worker that serves the queue. Who does not hear is not needed."""
    settings = held.runtime.settings
    with held.runtime.database.read() as session:
        others = workers.count_live(session, queue, settings.worker_stale_seconds) - 1
    try:
        for _ in range(min(most, others)):
            app.send_task(task_name, args=[held.job.id], queue=queue.value, retry=False)
    except (OperationalError, CeleryOperationalError, RedisError, OSError):
        logger.warning("could not ring for help", extra={"job_id": held.job.id})
