"""Score for a long time at a share of what the service can do, and swap the model in the middle.

    python benchmarks/soak.py [--seconds 600] [--share 0.8] [--out FOLDER] [--ledger FILE]

Two versions of a model are trained; an alias means the first, and half-way it is promoted to the
second while requests go on. The client keeps a ledger: every request has a number, which comes back
with its answer; the answer has to be by the version that the alias meant then, and its value that
of the predictor in this process. Memory of every process is sampled all along. Exit status 1 with
any fault.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from charts import Panel, axis_around, legend, page
from machine import hardware
from plots import COLOURS

from benchmarks.serving_rows.ledger import Ledger
from benchmarks.serving_rows.model import ServedModel, designs, train
from benchmarks.serving_rows.paced_client import PacedClient
from benchmarks.serving_rows.process_tree import memory_mebibytes
from service.client.cellgebra import Cellgebra
from tests.servers.embedded import EmbeddedService, embedded_service
from worker.inference.predictor import Predictor

BODIES = 2000
CAPACITY_SECONDS, SAMPLES = 5, 150
ALIAS = "champion"

Memory = list[tuple[float, dict[str, float]]]


def means_of(model: ServedModel, texts: list[str]) -> list[float]:
    """What the predictor in this process says."""
    weights = model.folder / "weights.safetensors"
    return Predictor.load(weights, model.manifest).score(texts).labels[0].mean


def promote(service: EmbeddedService, model: ServedModel) -> float:
    """Have the alias mean a model; when it did, in Unix seconds."""
    with Cellgebra(service.base_url) as client:
        promotion = client.model(model.reference).promote(ALIAS)
    return promotion.end_time.timestamp()


async def sample(pid: int, memory: Memory, seconds: float) -> None:
    """Note the memory of every process, again and again."""
    begin = time.monotonic()
    while True:
        found = await asyncio.to_thread(memory_mebibytes, pid)
        memory.append((time.monotonic() - begin, found))
        await asyncio.sleep(max(0.5, seconds / SAMPLES))


async def soak(
    service: EmbeddedService, models: list[ServedModel], options: argparse.Namespace
) -> tuple[Ledger, Memory, float]:
    """The run; its ledger, the memory, and the rate that was asked for."""
    texts = designs(BODIES, seed=7)
    bodies = [json.dumps({"genotypes": [text]}).encode() for text in texts]
    means = {model.version: means_of(model, texts) for model in models}
    ledger = Ledger(means, models[0].version, models[1].version)
    name = models[0].reference.partition("@")[0]
    url = f"{service.base_url}/v1/models/{name}@{ALIAS}:score"
    client = PacedClient(url, lambda number: bodies[number % BODIES], ledger.heard)
    count = await client.run(CAPACITY_SECONDS)
    rate = options.share * count / CAPACITY_SECONDS
    memory: Memory = []
    sampling = asyncio.create_task(sample(service.process.pid, memory, options.seconds))

    async def swap() -> None:
        await asyncio.sleep(options.seconds / 2)
        ledger.switch_time = await asyncio.to_thread(promote, service, models[1])

    await asyncio.gather(client.run(options.seconds, rate), swap())
    sampling.cancel()
    return ledger, memory, rate


def growth(memory: Memory) -> dict[str, tuple[float, float]]:
    """MiB of each process that lived throughout: after a tenth of the run, and at its end."""
    early, late = memory[len(memory) // 10][1], memory[-1][1]
    return {name: (early[name], late[name]) for name in early if name in late}


def picture(memory: Memory, switch_seconds: float) -> str:
    """Memory of every process over time, and the moment of the swap."""
    names = sorted(growth(memory), key=lambda name: -memory[-1][1][name])[: len(COLOURS)]
    values = [found[name] for _, found in memory for name in names if name in found]
    x = axis_around([seconds for seconds, _ in memory], "seconds", zero=True)
    y = axis_around(values, "resident memory, MiB", zero=True)
    panel = Panel(70, 40, 520, 320, x, y, "Memory of every process")
    parts = panel.frame()
    parts.append(panel.curve([(switch_seconds, y.low), (switch_seconds, y.high)], "#999", "dashed"))
    for name, colour in zip(names, COLOURS, strict=False):
        points = [(seconds, found[name]) for seconds, found in memory if name in found]
        parts.append(panel.curve(points, colour))
    entries = [(name, colour, "solid") for name, colour in zip(names, COLOURS, strict=False)]
    parts += legend(610, 60, [*entries, ("the alias is promoted", "#999", "dashed")])
    return page(800, 420, "Memory of every process of the service over time", parts)


def lines_of(ledger: Ledger, memory: Memory, rate: float, seconds: float) -> Iterator[str]:
    """The page."""
    p50, p99, longest = ledger.latencies_ms()
    faults = ledger.faults()
    yield from (
        "# Soak",
        "",
        hardware(),
        "",
        f"{len(ledger.rows):,} requests of one design in {seconds:.0f} s, {rate:,.0f} a second "
        f"asked for, with the client on the same cores: p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"longest {longest:.0f} ms. {ledger.count(ledger.old):,} answers by version {ledger.old}, "
        f"{ledger.count(ledger.new):,} by version {ledger.new}, which the alias was promoted to "
        "half-way.",
        "",
        "Faults: " + (", ".join(f"{n} {what}" for what, n in faults.items()) or "none") + ".",
        "",
        "| process | MiB after a tenth | MiB at the end |",
        "|:--|--:|--:|",
    )
    for name, (early, late) in sorted(growth(memory).items()):
        yield f"| {name} | {early:.0f} | {late:.0f} |"
    yield from ("", "The step of the inference worker is the second model, which it has loaded.")
    yield from ("", "![Memory of every process](soak.svg)")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--share", type=float, default=0.8, help="of what the service can do")
    parser.add_argument("--members", type=int, default=5, help="size of the ensembles")
    parser.add_argument("--out", type=Path, help="a folder for the page and its picture")
    parser.add_argument("--ledger", type=Path, help="a file for every request")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with embedded_service(folder / "data") as service:
            models = [
                train(service.base_url, folder / str(seed), members=options.members, seed=seed)
                for seed in (1, 2)
            ]
            promote(service, models[0])
            begin = time.time()
            ledger, memory, rate = uvloop.run(soak(service, models, options))
    lines = list(lines_of(ledger, memory, rate, options.seconds))
    print("\n".join(lines))
    if options.ledger:
        ledger.write(options.ledger)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "soak.md").write_text("\n".join(lines) + "\n")
        switched = ledger.switch_time - begin - CAPACITY_SECONDS
        (options.out / "soak.svg").write_text(picture(memory, switched))
    sys.exit(1 if ledger.faults() else 0)


if __name__ == "__main__":
    main()
