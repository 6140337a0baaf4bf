"""What a scrape says of the whole deployment, read from the database and the broker as it comes.

Workers open no port: what they measure stands in the rows of their heartbeats, so that any one
scrape of a front end or scheduler shows every worker on every host. Scrapes of several processes
say the same; a query takes the maximum over them.
"""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from service.contract.database import Database
from service.contract.errors import UnavailableError
from service.contract.jobs import JobKind, Queue
from service.contract.repositories import totals
from service.contract.repositories.fleet import Fleet, read_fleet
from service.contract.settings import Settings
from service.metrics.figures import figures_of

logger = logging.getLogger(__name__)

Family = GaugeMetricFamily | CounterMetricFamily
Lengths = Callable[[], Mapping[Queue, int]]


class FleetCollector(Collector):
    """Reads jobs, queues and workers at each scrape; `lengths` gives the messages by queue."""

    def __init__(self, settings: Settings, database: Database, lengths: Lengths) -> None:
        self._settings = settings
        self._database = database
        self._lengths = lengths

    def describe(self) -> Iterator[Family]:
        """Name nothing ahead: the registry would else ask the database as it is put together."""
        yield from ()

    def collect(self) -> Iterator[Family]:
        """Everything; what does not answer is 0 in `..._up`, and its figures are missing."""
        try:
            with self._database.read() as session:
                fleet = read_fleet(session)
        except SQLAlchemyError:
            logger.warning("the database does not answer a scrape", exc_info=True)
            yield _one("cellgebra_database_up", "Whether the database answers", 0)
        else:
            yield _one("cellgebra_database_up", "Whether the database answers", 1)
            yield from _of_jobs(fleet)
            yield from _of_workers(fleet, self._settings)
            yield from figures_of(fleet.workers)
        yield from self._of_broker()
        yield from _of_disk(self._settings.data_dir)

    def _of_broker(self) -> Iterator[Family]:
        try:
            lengths = self._lengths()
        except UnavailableError:
            yield _one("cellgebra_broker_up", "Whether the broker answers", 0)
            return
        yield _one("cellgebra_broker_up", "Whether the broker answers", 1)
        messages = GaugeMetricFamily(
            "cellgebra_queue_messages", "Messages that no worker has taken", labels=["queue"]
        )
        for queue, length in lengths.items():
            messages.add_metric([queue], length)
        yield messages


def _one(name: str, text: str, value: float) -> Family:
    return GaugeMetricFamily(name, text, value=value)


def _of_jobs(fleet: Fleet) -> Iterator[Family]:
    jobs = GaugeMetricFamily("cellgebra_jobs", "Jobs that there are", labels=["kind", "state"])
    for (kind, state), count in sorted(fleet.jobs.items()):
        jobs.add_metric([kind, state], count)
    yield jobs
    waiting = GaugeMetricFamily("cellgebra_queue_jobs", "Jobs that wait", labels=["queue"])
    oldest = GaugeMetricFamily(
        "cellgebra_queue_oldest_seconds",
        "How long the job waits that waits longest; 0 where none does",
        labels=["queue"],
    )
    for queue in Queue:
        if queue is not Queue.INFERENCE:  # its questions are no jobs
            waiting.add_metric([queue], fleet.waiting(queue))
            oldest.add_metric([queue], fleet.oldest_seconds.get(queue, 0.0))
    yield waiting
    yield oldest
    expiries = CounterMetricFamily(
        "cellgebra_lease_expiries",
        "Leases that ended without a heartbeat, of jobs by their kind and of shards",
        labels=["kind"],
    )
    for kind in (*JobKind, totals.SHARD):
        expiries.add_metric([kind], fleet.lease_expiries.get(kind, 0))
    yield expiries


def _of_workers(fleet: Fleet, settings: Settings) -> Iterator[Family]:
    live = [one for one in fleet.workers if one.silent_seconds <= settings.worker_stale_seconds]
    counts = GaugeMetricFamily(
        "cellgebra_workers",
        "Workers heard of lately; 0 for a queue that should have one",
        labels=["queue"],
    )
    served = [queue for worker in live for queue in worker.queues]
    for queue in sorted({*settings.queues, *served}):
        counts.add_metric([queue], served.count(queue))
    yield counts
    silent = GaugeMetricFamily(
        "cellgebra_worker_silent_seconds",
        "Since a worker was last heard of; its row goes when it stops",
        labels=["worker", "host"],
    )
    for worker in fleet.workers:
        silent.add_metric([worker.id, worker.host], worker.silent_seconds)
    yield silent


def _of_disk(folder: Path) -> Iterator[Family]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:  # it is not there yet
        return
    yield _one("cellgebra_disk_free_bytes", "Room on the disk of the data folder", usage.free)
    yield _one("cellgebra_disk_size_bytes", "Size of the disk of the data folder", usage.total)
