"""All triples of a genome as a search job of the service, beside the bare kernel in the same run.

    python benchmarks/search_job.py [--loci 6000] [--out benchmarks/results]

Starts the service with one search worker, and again with two; the data are made up: every locus
deleted alone, and some pairs. A model is trained through the API, and its search goes through every
triple. The clock runs from the create to the state SUCCEEDED: planning, loading, shards, merging,
the check and the files are in it. Before and after stands the kernel alone over the same model's
tables, on as many threads, and the best design has to be the same. Processor time is that of all
processes of the service: where others use the machine as well the clock says less.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.search import with_section  # the repository need not be installed
from service.client.cellgebra import Cellgebra
from service.client.models import RemoteModel
from service.contract.artifacts import ArtifactStore
from service.contract.resources import SearchJob
from service.contract.search import Objective, SearchSpec
from tests.servers.embedded import EmbeddedService, embedded_service
from worker.inference.predictor import Predictor
from worker.search.kernel import Screener, ScreenPart
from worker.search.plan import plan_search
from worker.search.screened import objective_of
from worker.search.table_builder import screen_tables

PAIRS, THREADS, PROPOSED = 600, 2, 100
HEADING = "## All triples as a search job"
LABEL = {"name": "growth", "column": "growth", "kind": "fitness", "unit": "relative"}
MAPPING = {"design": {"layout": "genotype", "column": "genotype"}, "labels": [LABEL]}
# The row of `benchmarks/search.py` that its full run goes through: one hidden layer of 64.
MODEL = {
    "kind": "perturbation_set",
    "head": "mlp",
    "hidden_dim": 64,
    "hidden_layers": 1,
    "activation": "relu",
    "saturates": False,
}


def made_up(loci: int, seed: int = 0) -> bytes:
    """A table of singles and pairs: effects multiply, and of some pairs a little is left over."""
    draw = np.random.default_rng(seed)
    effect_L = np.exp(draw.normal(-0.03, 0.08, loci))
    rows = [("", 1.0)]
    rows += [(f"g{i:04d}:deletion", float(effect)) for i, effect in enumerate(effect_L)]
    pairs = {tuple(sorted(draw.choice(loci, 2, replace=False).tolist())) for _ in range(PAIRS)}
    for a, b in sorted(pairs):
        value = effect_L[a] * effect_L[b] + draw.normal(0, 0.02)
        rows.append((f"g{a:04d}:deletion+g{b:04d}:deletion", float(value)))
    lines = [f"{genotype}\t{value:.5f}" for genotype, value in rows]
    return "\n".join(["genotype\tgrowth", *lines, ""]).encode()


def trained(client: Cellgebra, loci: int) -> str:
    """The id of a model of all loci, trained briefly: what it believes is not the point."""
    dataset = client.datasets.upload(made_up(loci), MAPPING, name="made up")
    run = client.train(
        {
            "dataset_id": dataset.id,
            "labels": [{"name": "growth"}],
            "split": {"kind": "none"},
            "model": MODEL,
            "epochs": 5,
            "batch_size": 512,
            "ensemble_size": 1,
        }
    )
    run.wait(progress=True)
    return run.model().id


@dataclass(frozen=True)
class Timed:
    """A search job by the clock, and how evenly it told how far it was."""

    workers: int
    threads: int
    seconds: float
    processor: float
    job: SearchJob
    best: str
    told: int
    longest_silence: float

    @property
    def designs(self) -> int:
        """How many were evaluated."""
        return sum(order.evaluated_count for order in _report(self.job).orders)


def _report(job: SearchJob) -> Any:  # noqa: ANN401  # of the contract; never None once SUCCEEDED
    if job.report is None:
        sys.exit(f"search {job.id} is {job.state} and has no report")
    return job.report


def spec_of(model_id: str) -> SearchSpec:
    """Every triple of all edits of the model."""
    return SearchSpec(
        model_id=model_id,
        objectives=(Objective(label="growth"),),
        min_order=3,
        max_order=3,
        proposal_count=PROPOSED,
    )


def timed_search(
    service: EmbeddedService, client: Cellgebra, model_id: str, workers: int, threads: int
) -> Timed:
    """From the create until it has SUCCEEDED."""
    stamps = [time.perf_counter()]

    def show(event: Any) -> None:  # noqa: ANN401  # a JobEvent
        if "fraction" in event.data:
            stamps.append(time.perf_counter())
            left = event.data["estimated_seconds_left"]
            said = "" if left is None else f", about {left:.0f} s left"
            print(f"  {event.data['fraction']:7.2%}{said}", end="\r", file=sys.stderr)

    processor = _processor_seconds(service)
    stamps[0] = time.perf_counter()
    run = client.search(spec_of(model_id))
    run.wait(show)
    seconds = time.perf_counter() - stamps[0]
    processor = _processor_seconds(service) - processor
    gaps = np.diff([*stamps, stamps[0] + seconds])
    best = next(iter(run.proposals()))
    return Timed(
        *(workers, threads, seconds, processor, run.job, best.genotype, len(gaps) - 1, gaps.max())
    )


def _processor_seconds(service: EmbeddedService) -> float:
    """What the service's processes have taken so far, of those that are there."""
    total = 0.0
    for process in service.processes():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


@dataclass(frozen=True)
class Bare:
    """The kernel alone, over the same tables."""

    seconds: float
    processor: float
    building_seconds: float
    part: ScreenPart
    best: str


def bare_screen(model: RemoteModel, data_dir: Path) -> Bare:
    """Every triple in this process, without a service; tables are built beforehand."""
    manifest = model.resource.manifest
    store = ArtifactStore(data_dir / "artifacts")
    predictor = Predictor.load(store.path(manifest.weights_sha256), manifest)
    begin = time.perf_counter()
    plan = plan_search(spec_of(model.id), predictor)
    tables = screen_tables(predictor, plan.pool.edits, 3)
    screener = Screener(tables, objective_of(plan), keep=plan.keep)
    built = time.perf_counter()
    processor = time.process_time()
    part = screener.run(threads=THREADS)
    seconds, processor = time.perf_counter() - built, time.process_time() - processor
    best = plan.pool.design(part.edits[0].tolist()).genotype
    return Bare(seconds, processor, built - begin, part, best)


def measure(loci: int, data_dir: Path) -> tuple[list[Timed], list[Bare]]:
    """One worker with both threads, then two with one each; the bare kernel before and after."""
    timed: list[Timed] = []
    bare: list[Bare] = []
    model: RemoteModel | None = None
    for workers in (1, 2):
        threads = THREADS // workers
        with (
            embedded_service(
                data_dir,
                *("--search-workers", str(workers)),
                environment={"CELLGEBRA_SEARCH_THREADS": str(threads)},
            ) as service,
            Cellgebra(service.base_url) as client,
        ):
            model = model or client.model(trained(client, loci))
            bare.append(bare_screen(model, data_dir))
            print(_bare_row(bare[-1]), flush=True)
            timed.append(timed_search(service, client, model.id, workers, threads))
            print(_row(timed[-1]), flush=True)
    return timed, bare


def check(timed: Sequence[Timed], bare: Sequence[Bare], loci: int) -> None:
    """Ends the program unless all went through every triple and found the same best."""
    wanted = comb(loci, 3)
    for count in (*(one.designs for one in timed), *(one.part.evaluated_count for one in bare)):
        if count != wanted:
            sys.exit(f"{count:,} designs were evaluated, not {wanted:,}")
    if len(found := {one.best for one in (*timed, *bare)}) != 1:
        sys.exit(f"not the same best: {', '.join(sorted(found))}")


def _row(one: Timed) -> str:
    report = _report(one.job)
    return (
        f"| job, {one.workers} worker{'s' * (one.workers > 1)}, {one.threads} thread"
        f"{'s' * (one.threads > 1)} each | {one.seconds:.1f} | {one.processor:.1f} "
        f"| {one.designs / one.seconds / 1e6:,.0f} | {report.worker_count} "
        f"| {report.shard_count} | {one.told} | {one.longest_silence:.1f} |"
    )


def _bare_row(one: Bare) -> str:
    rate = one.part.evaluated_count / one.seconds / 1e6
    return f"| bare kernel | {one.seconds:.1f} | {one.processor:.1f} | {rate:,.0f} | | | | |"


def section(timed: Sequence[Timed], bare: Sequence[Bare], loci: int) -> str:
    """What is kept on the page."""
    clock, processor = (
        np.mean([getattr(one, name) for one in bare]) for name in ("seconds", "processor")
    )
    over = "; ".join(
        f"with {one.workers} by {one.seconds - clock:.1f} s of the clock "
        f"({one.seconds / clock - 1:+.0%}) and {one.processor - processor:.1f} s of processor time "
        f"({one.processor / processor - 1:+.0%})"
        for one in timed
    )
    head = (
        f"`python benchmarks/search_job.py`: {hardware()}\n\n"
        f"`POST /v1/search-jobs` over all {comb(loci, 3):,} triples of {loci:,} edits; one hidden "
        f"layer of 64, relu, one member; the best {PROPOSED} proposed and checked. From the create "
        "to SUCCEEDED, with the processor time of the whole service; beside it, before each job, "
        f"{bare[0].part.kernel} alone over the same tables on {THREADS} threads (plan and tables "
        f"took it {bare[0].building_seconds:.1f} s, not counted)."
    )
    table = [
        "| what | seconds | processor seconds | million designs/s | workers | shards "
        "| times progress was told | longest silence, s |",
        "|---|---|---|---|---|---|---|---|",
        *map(_bare_row, bare),
        *map(_row, timed),
    ]
    tail = (
        f"A job takes longer than the bare kernel (mean): {over}. All evaluated every triple, and "
        f"the best is the same: {bare[0].best}."
    )
    return "\n\n".join([HEADING, head, "\n".join(table), tail])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, check, and put a section into the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--loci", type=int, default=6000, help="how many, each deleted alone")
    parser.add_argument("--out", type=Path, help="folder of search.md; none is written without it")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        timed, bare = measure(options.loci, Path(folder) / "data")
    check(timed, bare, options.loci)
    told = section(timed, bare, options.loci)
    print(f"\n{told}")
    if options.out:
        page = options.out / "search.md"
        page.write_text(with_section(page.read_text(), HEADING, told))


if __name__ == "__main__":
    main()
