"""A worker's part in a search: claim a shard, go through its designs under a heartbeat, keep it."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from service.contract.errors import LeaseLostError
from service.contract.repositories import search_shards
from service.contract.repositories.search_shards import ShardLease
from service.contract.search import Strategy
from worker.tasks.runtime import Runtime, worker_name

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor
    from worker.search.plan import SearchPlan, Shard

logger = logging.getLogger(__name__)


def shard_spec(plan: "SearchPlan", shard: "Shard") -> dict[str, Any]:
    """What tells a shard from those of another plan, of whatever version of the program."""
    return {"plan": plan.fingerprint, "begin": shard.begin, "end": shard.end}


class ShardWork:
    """Shards of one search, one after the other.

    Args:
        runtime: the worker's parts.
        job_id: the search.
        plan: what its shards are.
        predictor: the model.
        should_stop: polled while a shard is at work; what it has done is then thrown away.
        tell: called from time to time while a shard is at work.
    """

    def __init__(
        self,
        runtime: Runtime,
        job_id: str,
        plan: "SearchPlan",
        predictor: "Predictor",
        *,
        should_stop: Callable[[], bool],
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        from worker.search.screened import Screens

        self._runtime = runtime
        self._job_id = job_id
        self._plan = plan
        self._predictor = predictor
        self._screens = Screens(plan, predictor)
        self._should_stop = should_stop
        self._tell = tell

    def do_next(self) -> bool:
        """Do a shard that nobody holds; False where there is none, or it was stopped.

        Raises:
            WorkerLostError: a shard has cost too many workers.
        """
        with self._runtime.database.write() as session:
            lease = search_shards.claim_shard(
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
        from worker.search.errors import SearchStoppedError
        from worker.search.run import run_shard
        from worker.search.tally import Watch

        shard = self._plan.shards[lease.number] if lease.number < len(self._plan.shards) else None
        if shard is None or dict(lease.spec) != shard_spec(self._plan, shard):
            logger.warning("shard %s of %s is of another plan", lease.number, self._job_id)
            with self._runtime.database.write() as session:
                search_shards.release_shard(session, lease)
            return False
        with _ShardHeartbeat(self._runtime, lease) as beat:

            def should_stop() -> bool:
                self._tell()
                return beat.is_lost.is_set() or self._should_stop()

            try:
                watch = Watch(beat.passed, should_stop)
                part = run_shard(self._plan, shard, self._predictor, watch, self._screens)
            except SearchStoppedError:
                part = None
        with self._runtime.database.write() as session:
            if part is None:
                search_shards.release_shard(session, lease)
                return False
            search_shards.finish_shard(session, lease, part.to_bytes(), evaluated_count=beat.count)
        return True

    def _gone_through(self, shard: "Shard", beat: "_ShardHeartbeat") -> int:
        """Designs of a shard, those that exclusions take off among them; of a beam those read."""
        return beat.count if self._plan.strategy == Strategy.BEAM else shard.design_count


class _ShardHeartbeat:
    """Renews a shard's lease from a thread of its own, with the designs it has gone through."""

    def __init__(self, runtime: Runtime, lease: ShardLease) -> None:
        self._runtime = runtime
        self._lease = lease
        self.count = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shard-heartbeat", daemon=True)
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
                    search_shards.renew_shard(
                        session, self._lease, settings.lease_seconds, self.count
                    )
            except LeaseLostError:
                if not self._over.is_set():
                    self.is_lost.set()
                return
            except SQLAlchemyError:
                logger.warning("shard heartbeat failed", exc_info=True)
