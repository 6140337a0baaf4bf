"""A trial: a deployment with at least fifty jobs at work, a fault, and the reckoning."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select

from service.contract.jobs import TERMINAL_STATES, EventType, JobState
from service.contract.records import JobEventRecord, JobRecord
from service.contract.repositories.artifacts import collect_doubtful
from service.contract.repositories.garbage import find_garbage
from tests.chaos.deployment import Deployment
from tests.chaos.ledger import Entry, Ledger, attempts
from tests.chaos.load import PROPOSALS, Load, Trickle
from tests.chaos.reconciliation import Balance, reconcile
from tests.servers.postgres import OwnPostgresServer

logger = logging.getLogger(__name__)

LIVE_JOBS = 50
INGESTS, SEARCHES, SCORINGS = 18, 30, 4  # those that a worker of each kind does in equal time
RECOVERY_SECONDS = 120.0
SETTLE_SECONDS = 5.0
AWAY_SECONDS = 30.0


@dataclass
class Outcome:
    """What a fault did, once."""

    fault: str
    database: str
    balance: Balance = field(default_factory=Balance)
    recovery_seconds: float | None = None
    left_blobs: int = 0
    load: float = 0.0
    seconds: float = 0.0
    day: str = field(default_factory=lambda: str(datetime.now(UTC).date()))
    problem: str | None = None


class Watch:
    """Times how long the service needs to come through a fault."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._begin = time.monotonic()

    def restart(self) -> None:
        """Count from now: what was away is back."""
        self._begin = time.monotonic()

    def until(self, is_well: Callable[[], bool]) -> None:
        """Wait until all is well again, and note how long it took."""
        for _ in attempts(RECOVERY_SECONDS):
            if is_well():
                self._outcome.recovery_seconds = time.monotonic() - self._begin
                return
        raise AssertionError(f"{self._outcome.fault}: not well after {RECOVERY_SECONDS:g} s")


class Trials:
    """Faults on one deployment, one after the other; one ledger for all of them."""

    def __init__(
        self,
        deployment: Deployment,
        postgres: OwnPostgresServer | None = None,
        record: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self.deployment = deployment
        self.postgres = postgres
        self.ledger = Ledger()
        self.load = Load(deployment, self.ledger)
        self._record = record
        self._told: set[str] = set()
        self._settled: set[str] = set()
        self._begin = 0

    @contextmanager
    def fault(self, name: str, *, more_searches: int = 0) -> Iterator[Watch]:
        """Have many jobs at work while the block breaks something, then reckon.

        Args:
            name: of the fault.
            more_searches: for a trial that takes its time before it breaks something.

        Raises:
            AssertionError: something was lost, doubled, left over, or answered without sense.
        """
        start = time.monotonic()
        outcome = Outcome(name, self.deployment.kind)
        try:
            live = self._fill(more_searches)
            logger.info("%s: %d live after %.1f s", name, live, time.monotonic() - start)
            with Trickle(self.load):
                yield Watch(outcome)
            logger.info("%s: well after %.1f s", name, time.monotonic() - start)
            self.load.await_ends()
            self._reckon_since_last(outcome)
        except BaseException as error:
            outcome.problem = outcome.problem or f"{type(error).__name__}: {error}".splitlines()[0]
            raise
        finally:
            outcome.load, outcome.seconds = os.getloadavg()[0], time.monotonic() - start
            self._record(outcome)
            logger.info("%s: done after %.1f s", name, outcome.seconds)

    def _reckon_since_last(self, outcome: Outcome) -> None:
        outcome.left_blobs = self.collect()
        outcome.balance = self._balance_since_last()
        if faults := outcome.balance.faults():
            outcome.problem = "; ".join(faults)
            named = [f"{outcome.fault}: the books do not balance", *faults]
            raise AssertionError("\n".join(named))

    def _balance_since_last(self) -> Balance:
        """What this fault alone has done."""
        balance = self.settled().without(self._told)
        self._told.update(balance.faults())
        mine = [entry for entry in self.ledger.entries(self._begin) if entry.kind is not None]
        self._settled.update(entry.request_id for entry in mine)
        self._begin = len(self.ledger)
        balance.accepted = sum(entry.is_accepted for entry in mine)
        balance.finished = balance.accepted - len(balance.lost)
        return balance

    def _fill(self, more_searches: int) -> int:
        """Have enough jobs that have not ended, while nobody takes them; returns how many."""
        trainings = 0 if self.load.live_count() else 1  # a trial may have one under way
        searches = SEARCHES + more_searches
        with self.deployment.halted("batch", "search-1", "scoring-1"):
            self.load.fill(
                ingests=INGESTS, searches=searches, scorings=SCORINGS, trainings=trainings
            )
            return self.require_live()

    def require_live(self) -> int:
        """How many jobs have not ended.

        Raises:
            AssertionError: they are too few for a trial.
        """
        live = self.load.live_count()
        assert live >= LIVE_JOBS, f"{live} jobs at work"
        return live

    def reckon(self) -> Balance:
        """Compare the ledger since the last fault with jobs that are as new, and with all blobs."""
        database, store = self.deployment.database, self.deployment.data_dir / "artifacts"
        new = self.ledger.entries(self._begin)
        return reconcile(new, database, store, PROPOSALS, self._settled)

    def reckon_everything(self) -> None:
        """Compare the whole ledger with the whole deployment, at the end.

        Raises:
            AssertionError: something is wrong that no trial has told.
        """
        database, store = self.deployment.database, self.deployment.data_dir / "artifacts"
        balance = reconcile(self.ledger.entries(), database, store, PROPOSALS)
        faults = balance.without(self._told).faults()
        assert not faults, "\n".join(["the books of all trials do not balance", *faults])

    def collect(self) -> int:
        """Have blobs go that a killed process left, now: the scheduler would a minute later.

        Of which no word was left is a fault.
        """
        database, store = self.deployment.database, self.deployment.store
        for _ in attempts(SETTLE_SECONDS):  # files that go after a commit have had their time
            left = len(find_garbage(database, store).unheld)
            if left == 0:
                break
        collect_doubtful(database, store, older_than_seconds=0)
        return left

    def settled(self) -> Balance:
        """The reckoning, once files that go after a commit have had their time."""
        balance = Balance()
        for _ in attempts(SETTLE_SECONDS):
            balance = self.reckon()
            if set(balance.faults()) <= self._told:
                break
        return balance

    def long_training(self, epochs: int = 180, **model: int) -> Entry:
        """A training that is in one of its epochs."""
        entry = self.load.training(epochs=epochs, **model)
        for _ in attempts():
            if self.has_event(entry, EventType.EPOCH):
                return entry
        raise AssertionError(f"{entry.resource_id} has no epoch")

    def job(self, entry: Entry) -> JobRecord:
        """The row of an entry's job."""
        query = select(JobRecord).where(JobRecord.request_id == entry.request_id)
        with self.deployment.database.read() as session:
            return session.scalars(query).one()

    def has_event(self, entry: Entry, type_: EventType) -> bool:
        """Whether a job has told of something."""
        query = select(JobEventRecord.sequence).where(
            JobEventRecord.job_id == entry.resource_id, JobEventRecord.type == type_.value
        )
        with self.deployment.database.read() as session:
            return session.scalar(query.limit(1)) is not None

    def has_ended(self, entry: Entry) -> bool:
        """Whether a job has ended."""
        return self.job(entry).state in TERMINAL_STATES

    def is_taken_again(self, entry: Entry) -> bool:
        """Whether a job that was lost is at work again, or done."""
        job = self.job(entry)
        return job.fence >= 2 and job.state in (JobState.RUNNING, JobState.SUCCEEDED)
