"""Scoring jobs: designs per second beside our own predictor in process, memory, and who waits.

    python benchmarks/scoring_jobs.py [--designs 10000000] [--members 5] [--out benchmarks/results]

The whole embedded service with as many scoring workers as cores, and beside it as many processes
that read the same genotypes from strings and score them with the same predictor (a part of them:
it goes in proportion). The job is timed from its request to the end of its results file. Two jobs:
all pairs of a pool, and a Parquet table of such pairs. While each runs, one design is scored over
HTTP twenty times a second, as it is before it, when nothing else is done.
"""

import argparse
import itertools
import math
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scoring_rows.model import KnownModel, put_model
from service.client.cellgebra import Cellgebra
from tests.servers.embedded import EmbeddedService, embedded_service

CORES = os.cpu_count() or 1
REQUEST_ROWS, CHUNK_ROWS = 10_000, 100_000
PROCESS_ROWS = 500_000  # of each process beside the service
RATE, IDLE_SECONDS, LEAST_REQUESTS = 20.0, 20.0, 100


def say(what: str) -> None:
    """Tell how far the benchmark is."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def pairs_of(edits: Sequence[str], begin: int, end: int) -> Iterator[list[str]]:
    """Genotypes of pairs from one rank to another, some at a time."""
    pairs = itertools.islice(itertools.combinations(edits, 2), begin, end)
    while chunk := ["+".join(pair) for pair in itertools.islice(pairs, CHUNK_ROWS)]:
        yield chunk


def predict(weights: bytes, manifest: dict, texts: list[str], barrier: object) -> float:
    """Seconds that one process takes from strings to columns, once all processes are ready."""
    import torch

    from worker.inference.predictor import Predictor

    torch.set_num_threads(1)
    predictor = Predictor.load(weights, manifest)
    predictor.columns(predictor.vocabulary.read(texts[:1000])[1])
    barrier.wait()
    begin = time.perf_counter()
    for start in range(0, len(texts), REQUEST_ROWS):
        _, designs = predictor.vocabulary.read(texts[start : start + REQUEST_ROWS])
        predictor.columns(designs)
    return time.perf_counter() - begin


def in_process_rate(model: KnownModel, edits: Sequence[str]) -> float:
    """Designs per second of as many processes as there are cores."""
    texts = [text for chunk in pairs_of(edits, 0, PROCESS_ROWS) for text in chunk]
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(CORES) as pool:
        barrier = manager.Barrier(CORES)
        work = [(model.weights, model.manifest.model_dump(), texts, barrier)] * CORES
        seconds = pool.starmap(predict, work, chunksize=1)
    return CORES * len(texts) / max(seconds)


@dataclass
class Live:
    """Seconds that scores of one design took, asked for at a steady rate."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return 1000 * float(np.quantile(self.seconds, share))


@contextmanager
def live_scores(url: str, body: dict[str, object]) -> Iterator[Live]:
    """Score one design again and again from a thread, on schedule whatever the answers take."""
    live, over = Live(), threading.Event()

    def ask() -> None:
        with httpx.Client(timeout=60) as client:
            due = time.perf_counter()
            while not over.is_set():
                client.post(url, json=body).raise_for_status()
                live.seconds.append(time.perf_counter() - due)
                due = max(due + 1 / RATE, time.perf_counter() - 1)
                time.sleep(max(0.0, due - time.perf_counter()))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield live
    finally:
        over.set()
        thread.join()


@contextmanager
def peaks_of(service: EmbeddedService) -> Iterator[dict[str, float]]:
    """The most resident memory of each process, in MiB, looked at twice a second."""
    found: dict[str, float] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            for process in service.processes():
                try:
                    line = " ".join(process.cmdline())
                    size = process.memory_info().rss / 2**20
                except psutil.Error:
                    continue
                parent = process.parent()
                owner = " ".join(parent.cmdline()) if "spawn_main" in line and parent else line
                name = next(
                    (n for n in ("scoring-1", "scoring-2", "inference", " api") if n in owner), ""
                )
                if name:
                    key = f"{name.strip()}{' (child)' if 'spawn_main' in line else ''}"
                    found[key] = max(found.get(key, 0.0), size)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def table_of(folder: Path, edits: Sequence[str], count: int) -> Path:
    """Pairs as an uploaded Parquet table, with ids."""
    path = folder / "designs.parquet"
    schema = pa.schema([("id", pa.int64()), ("genotype", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        first = 0
        for chunk in pairs_of(edits, 0, count):
            ids = pa.array(range(first, first + len(chunk)))
            writer.write_table(pa.table([ids, pa.array(chunk)], schema=schema))
            first += len(chunk)
    return path


def measure(
    service: EmbeddedService,
    start: Callable[[], object],
    live_url: str,
    body: dict,
) -> tuple[dict, float, Live, dict[str, float]]:
    """One job: its report, the seconds that it took in all, scores meanwhile, and memory."""
    with peaks_of(service) as peaks, live_scores(live_url, body) as live:
        begin = time.perf_counter()
        run = start()
        job = run.wait()
        seconds = time.perf_counter() - begin
    return job.report.model_dump(), seconds, live, dict(peaks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--designs", type=int, default=10_000_000)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--kind", default="additive", help="of the model")
    parser.add_argument("--out", type=Path, help="folder of scoring_jobs.md")
    options = parser.parse_args(arguments)
    head = f"# Scoring jobs\n\n{hardware()}\n"
    with tempfile.TemporaryDirectory() as folder:
        lines = run_all(options, Path(folder))
    page = "\n".join([head, *lines]) + "\n"
    print(page)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "scoring_jobs.md").write_text(page)


def run_all(options: argparse.Namespace, folder: Path) -> list[str]:
    """Everything between start and stop of a service."""
    with (
        embedded_service(folder / "data", "--scoring-workers", str(CORES)) as service,
        Cellgebra(service.base_url) as client,
    ):
        edit_count = next(n for n in itertools.count(2) if math.comb(n, 2) >= options.designs)
        model = put_model(service.data_dir, options.kind, options.members, edit_count)
        say("trained")
        edits = sorted(model.manifest.edits)
        live_url = f"{service.base_url}/v1/models/{model.id}:score"
        body: dict[str, object] = {"genotypes": [edits[0] + "+" + edits[1]], "timeout_seconds": 60}
        with live_scores(live_url, body):
            time.sleep(2)  # loads the model
        with live_scores(live_url, body) as idle:
            time.sleep(IDLE_SECONDS)
        say("asked when idle")
        predictor = in_process_rate(model, edits)
        say("predicted in process")
        pairs = {"kind": "combinations", "pool": {"edits": edits}}
        table = table_of(folder, edits, options.designs)
        spec = {"model_id": model.id}
        jobs: dict[str, Callable[[], object]] = {
            "all pairs of a pool": lambda: client.score_job({**spec, "input": pairs}),
            "a Parquet table": lambda: client.score_job(
                {**spec, "input": {"kind": "table"}}, table
            ),
        }
        lines = [
            f"Model `{options.kind}` of {options.members} members and "
            f"{len(model.manifest.edits):,} edits, all fields; {CORES} scoring workers. "
            f"Predictor in process, from strings, on "
            f"{CORES} cores: {predictor:,.0f} designs/s. Scores of one design over HTTP, "
            f"{RATE:g} a second, nothing else at work: p50 {idle.percentile(0.5):.1f} ms, p99 "
            f"{idle.percentile(0.99):.1f} ms.\n",
            "| job | designs | seconds | designs/s | / predictor | preparing, s | results, MB | "
            "worker's peak, MB | live p50, ms | live p99, ms | p99 / idle |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
        ]
        memory = []
        for name, start in jobs.items():
            report, seconds, live, peaks = measure(service, start, live_url, body)
            rate = report["row_count"] / seconds
            p99 = live.percentile(0.99)
            enough = "" if len(live.seconds) >= LEAST_REQUESTS else " (few)"
            lines.append(
                f"| {name} | {report['row_count']:,} | {seconds:.1f} | {rate:,.0f} | "
                f"{rate / predictor:.2f} | {report['prepare_seconds']:.1f} | "
                f"{report['size_bytes'] / 1e6:,.0f} | {report['worker_peak_bytes'] / 1e6:,.0f} | "
                f"{live.percentile(0.5):.1f} | {p99:.1f}{enough} | "
                f"{p99 / idle.percentile(0.99):.2f} |"
            )
            print(lines[-1], flush=True)
            shown = ", ".join(f"{key} {size:,.0f}" for key, size in sorted(peaks.items()))
            memory.append(f"Most resident memory during {name}, MiB: {shown}.\n")
        return [*lines, "", *memory]


if __name__ == "__main__":
    main()
