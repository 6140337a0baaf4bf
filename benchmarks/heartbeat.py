"""What a heartbeat takes of a training: its processor time, and how much longer an epoch takes.

    python benchmarks/heartbeat.py [--beats 400] [--epochs 15] [--out benchmarks/results]

A beat is one transaction of the worker's own process: it renews the lease of a claimed job and
reads whether the job is to be cancelled. Beside it a bare round trip to the same database.

An epoch is 8 steps of a network with the composite loss, with and without the worker's heartbeat
beside it, in turn. One more beat in an epoch is less than what a machine does by itself, so the
beats come a hundred times as often, and what they take is divided by that.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from machine import hardware
from training_step import Data, stepper

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.jobs import JobKind
from service.contract.losses import LossSpec
from service.contract.records import JobRecord
from service.contract.repositories import jobs, leases
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from service.migrations.migrate import migrate
from tests.servers.postgres import postgres_server
from worker.tasks.heartbeat import Heartbeat
from worker.tasks.held_jobs import HeldJob
from worker.tasks.runtime import Runtime

EPOCH_STEPS, EPOCH_ROWS = 8, 512
OFTENER = 100


@contextmanager
def urls() -> Iterator[dict[str, str]]:
    """A migrated database of each kind."""
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        found = {"SQLite": f"sqlite:///{folder}/db.sqlite", "PostgreSQL": server.create_database()}
        for url in found.values():
            migrate(url)
        yield found


def claimed(database: Database) -> tuple[leases.Lease, JobRecord]:
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
        session.expunge(job)
        return leases.Lease(job.id, job.fence), job


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
    lease, _ = claimed(database)

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


def epoch_shares(url: str, count: int, period: float) -> Iterator[float]:
    """What a heartbeat adds to an epoch, as a share of it, epoch by epoch."""
    settings = Settings(heartbeat_seconds=period / OFTENER, lease_seconds=60)
    database = Database(url, pool_size=2)
    step = stepper(LossSpec(), Data(EPOCH_ROWS, torch.device("cpu")), torch.device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        _, job = claimed(database)
        held = HeldJob(Runtime(settings, database, ArtifactStore(Path(folder))), job)

        def seconds(*, beats: bool) -> float:
            with Heartbeat(held, lambda: None) if beats else nullcontext():
                begin = time.perf_counter()
                for _ in range(EPOCH_STEPS):
                    step()
                return time.perf_counter() - begin

        seconds(beats=True)
        for turn in range(count):
            first = turn % 2 == 0
            taken = {first: seconds(beats=first), not first: seconds(beats=not first)}
            yield (taken[True] / taken[False] - 1) / OFTENER
    database.close()


def beat_lines(found: dict[str, str], count: int, period: float) -> Iterator[str]:
    """What a beat takes by itself."""
    yield from (f"Medians of {count} beats.", "")
    yield "| database | beat, CPU ms | beat, ms | bare round trip, CPU ms | share of a core |"
    yield "|:--|--:|--:|--:|--:|"
    for name, url in found.items():
        (cpu, clock), (bare, _) = rows(url, count)
        share = cpu / (1e3 * period)
        yield f"| {name} | {cpu:.2f} | {clock:.2f} | {bare:.2f} | {share:.2%} |"
    yield from ("", f"A beat every {period:g} s, in the process that trains.", "")


def epoch_lines(found: dict[str, str], count: int, period: float) -> Iterator[str]:
    """What beats add to an epoch."""
    yield from (
        f"{EPOCH_STEPS} steps of {EPOCH_ROWS} rows, composite loss, beats {OFTENER} times as often "
        f"and their share divided by that; {count} pairs.",
        "",
        "| database | added to an epoch, median | middle half |",
        "|:--|--:|:--|",
    )
    for name, url in found.items():
        low, middle, high = statistics.quantiles(epoch_shares(url, count, period), n=4)
        yield f"| {name} | {middle:.3%} | {low:.3%} to {high:.3%} |"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beats", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=15, help="of each kind")
    parser.add_argument("--out", type=Path, help="a folder for the page")
    options = parser.parse_args()
    period = Settings.model_fields["heartbeat_seconds"].default
    lines = ["# Heartbeats", "", hardware(), ""]
    with urls() as found:
        lines += beat_lines(found, options.beats, period)
        lines += epoch_lines(found, options.epochs, period)
    page = "\n".join(lines) + "\n"
    print(page, end="")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "heartbeat.md").write_text(page)


if __name__ == "__main__":
    main()
