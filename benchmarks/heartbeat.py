"""What a heartbeat takes of a training: its processor time, as a share of the time between two.

    python benchmarks/heartbeat.py [--beats 400]

A beat is one transaction of the worker's own process: it renews the lease of a claimed job and
reads whether the job is to be cancelled. Beside it a bare round trip to the same database.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from machine import hardware

from service.contract.database import Database
from service.contract.jobs import JobKind
from service.contract.repositories import jobs, leases
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from service.migrations.migrate import migrate
from tests.servers.postgres import postgres_server


@contextmanager
def urls() -> Iterator[dict[str, str]]:
    """A migrated database of each kind."""
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        found = {"SQLite": f"sqlite:///{folder}/db.sqlite", "PostgreSQL": server.create_database()}
        for url in found.values():
            migrate(url)
        yield found


def claimed(database: Database) -> leases.Lease:
    """A job at work."""
    with database.write() as session:
        job, _ = jobs.create_job(
            session,
            Owner("lab", "ada"),
            JobKind.TRAINING,
            {},
            subject_id="dataset_1",
            request=Request(None, ""),
        )
        leases.claim(session, job.id, "worker", 60)
        session.refresh(job)
        return leases.Lease(job.id, job.fence)


def milliseconds(work: Callable[[], object], count: int) -> tuple[float, float]:
    """Medians of a call: processor time of this thread, and by the clock."""
    taken = []
    for _ in range(count):
        begin = time.thread_time(), time.perf_counter()
        work()
        taken.append((time.thread_time() - begin[0], time.perf_counter() - begin[1]))
    cpu, clock = zip(*taken, strict=True)
    return 1e3 * statistics.median(cpu), 1e3 * statistics.median(clock)


def rows(url: str, count: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """A beat, and a bare round trip."""
    database = Database(url, pool_size=1)
    lease = claimed(database)

    def beat() -> None:
        with database.write() as session:
            leases.heartbeat(session, lease, 60)

    def bare() -> None:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    beat()
    bare()
    found = milliseconds(beat, count), milliseconds(bare, count)
    database.close()
    return found


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beats", type=int, default=400)
    options = parser.parse_args()
    period = Settings.model_fields["heartbeat_seconds"].default
    print(f"# Heartbeats\n\n{hardware()}\n\nMedians of {options.beats} beats.\n")
    print("| database | beat, CPU ms | beat, ms | bare round trip, CPU ms | share of a core |")
    print("|:--|--:|--:|--:|--:|")
    with urls() as found:
        for name, url in found.items():
            (cpu, clock), (bare, _) = rows(url, options.beats)
            share = cpu / (1e3 * period)
            print(f"| {name} | {cpu:.2f} | {clock:.2f} | {bare:.2f} | {share:.2%} |")
    print(f"\nA beat every {period:g} s, in the process that trains.")


if __name__ == "__main__":
    main()
