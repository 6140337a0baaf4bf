"""How fast batch mixing is, with DiffBio's beside it: time and extra memory, forward + backward.

    python benchmarks/batch_mixing.py [--quick] [--diffbio PYTHON] [--out benchmarks/results]
        [--images docs/images]

PYTHON is one with DiffBio 0.1.9 and JAX; without it DiffBio's loss is what `peers` restates in
PyTorch, which is slower. Contenders take turns within a round, so that what disturbs one disturbs
all. Times are medians of the rounds; ratios are medians of the ratios within a round. Memory is
the growth of a fresh process's peak over a warm-up.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Self

import numpy as np
import torch
from machine import extra_mebibytes, forget_peak, hardware, memory_mebibytes
from peers import published_batch_mixing
from plots import log_log
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from worker.losses.batch_mixing import batch_mixing  # noqa: E402  # need not be installed

DIMS, BATCHES = 32, 3
SIZES = (256, 512, 1024, 2048, 5000, 10_000, 20_000)
QUICK = (256, 512)
# Larger ones take hours, or more memory than a laptop has; see the growth in the table.
LARGEST = {
    "torch": 5000,
    "DiffBio (JAX)": 2048,
    "published (PyTorch)": 256,
    "compat, diffbio": 256,
}
# A contender that takes longer sits out all rounds but the first three.
SLOW_SECONDS = 5
PEER = "DiffBio (JAX)"
OURS = "numba"

Batch = tuple[Tensor, Tensor]
Rounds = dict[str, list[float]]


def batch(rows: int, clusters: int = 1) -> Batch:
    """Cells of one normal cloud, as the peer draws them, or of several types; and their batches."""
    draw = np.random.default_rng(rows)
    z = draw.standard_normal((rows, DIMS))
    if clusters > 1:
        z += 3 * draw.standard_normal((clusters, DIMS))[draw.integers(clusters, size=rows)]
    return torch.from_numpy(z).float().requires_grad_(), torch.arange(rows) % BATCHES


def contenders() -> dict[str, Callable[[Batch], Tensor]]:
    """All in this process that is timed, by name."""
    return {
        "numba": lambda data: batch_mixing(*data, n_batches=BATCHES, implementation="numba"),
        "torch": lambda data: batch_mixing(*data, n_batches=BATCHES, implementation="torch"),
        "compat, diffbio": lambda data: batch_mixing(
            *data, n_batches=BATCHES, temperature=1.0, compat="diffbio"
        ),
        "published (PyTorch)": lambda data: published_batch_mixing.batch_mixing(*data),
    }


class DiffBio:
    """The peer's process."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).parent / "peers" / "diffbio_batch_mixing.py"
        self._process = subprocess.Popen(  # noqa: S603
            [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipes to DiffBio's process")
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self.versions = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def _answer(self) -> str:
        line = self._answers.readline().strip()
        if not line:
            raise RuntimeError("DiffBio's process has ended: see above")
        return line

    def ask(self, question: str) -> list[float]:
        """Seconds and value of a run, or the MiB of `memory`."""
        print(question, file=self._questions, flush=True)
        return [float(word) for word in self._answer().split()]


def both_ways(loss: Callable[[Batch], Tensor], data: Batch) -> float:
    """Seconds of forward and backward."""
    start = time.perf_counter()
    loss(data).backward()  # type: ignore[no-untyped-call]
    data[0].grad = None
    return time.perf_counter() - start


def times(rows: int, rounds: int, diffbio: DiffBio | None, clusters: int = 1) -> Rounds:
    """Seconds of each contender that is not too slow for so many cells, round by round."""
    data = batch(rows, clusters)
    work: dict[str, Callable[[], float]] = {
        name: (lambda f=f: both_ways(f, data))
        for name, f in contenders().items()
        if rows <= LARGEST.get(name, rows)
    }
    if diffbio is not None and rows <= LARGEST[PEER]:
        asked = diffbio
        work[PEER] = lambda: asked.ask(f"{rows} {DIMS}")[0]
        work[PEER]()  # compiled
    for name in work.keys() & {"numba", "torch"}:
        work[name]()  # compiled, and its threads started
    found: Rounds = {name: [] for name in work}
    for turn in range(rounds):
        for name, job in work.items():
            if turn < 3 or max(found[name]) < SLOW_SECONDS:
                found[name].append(job())
    return found


def check(diffbio: DiffBio | None) -> None:
    """The peers are the loss that `compat` reproduces."""
    data = batch(QUICK[0])
    found = contenders()
    value = found["compat, diffbio"](data).item()
    others = [found["published (PyTorch)"](data).item()]
    if diffbio is not None:
        others.append(diffbio.ask(f"{QUICK[0]} {DIMS}")[1])
    for other in others:
        if abs(other - value) > 2e-5:
            raise RuntimeError(f"a peer says {other}, and compat {value}")


def print_memory(name: str, rows: int) -> None:
    """What the process started by `extra_mebibytes` does."""
    loss = contenders()[name]
    both_ways(loss, batch(64))
    if name in {"numba", "torch"}:
        both_ways(loss, batch(600))
    data = batch(rows)
    before = forget_peak()
    both_ways(loss, data)
    print(memory_mebibytes("VmHWM") - before)


def extra(name: str, rows: int, python: str | None) -> float:
    """Growth of a fresh process's peak, in MiB."""
    if name != PEER or python is None:
        return extra_mebibytes(__file__, name, str(rows))
    with DiffBio(python) as fresh:
        return fresh.ask(f"memory {rows} {DIMS}")[0]


def ratio(found: Rounds, above: str, below: str) -> str:
    """Median over the rounds of one contender's time over another's."""
    if above not in found or below not in found:
        return "not measured"
    pairs = zip(found[above], found[below], strict=False)  # the slow sat out the last rounds
    return f"{median(a / b for a, b in pairs):.3g}"


Curves = dict[str, list[tuple[float, float]]]


class Table:
    """A Markdown table as it is measured, and its figures for the plots."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.seconds: Curves = {}
        self.memory: Curves = {}
        self.say(f"| cells | implementation | seconds | extra MiB | {PEER} / this |")
        self.say("|--:|:--|--:|--:|--:|")

    def say(self, line: str) -> None:
        """Print and keep a line."""
        print(line, flush=True)
        self.lines.append(line)

    def add(self, rows: int, found: Rounds, python: str | None) -> None:
        """The rows of one size."""
        for name, values in found.items():
            grown = extra(name, rows, python)
            self.seconds.setdefault(name, []).append((rows, median(values)))
            self.memory.setdefault(name, []).append((rows, max(grown, 0.1)))
            peer = ratio(found, PEER, name)
            self.say(f"| {rows} | {name} | {median(values):.3g} | {grown:.0f} | {peer} |")


def report(sizes: Sequence[int], rounds: int, python: str | None) -> tuple[str, Table]:
    """Measure and print; returns what was printed, and the figures."""
    diffbio = DiffBio(python) if python else None
    check(diffbio)
    head = [
        "# Batch mixing, forward + backward",
        "",
        hardware(),
        f"{diffbio.versions}, jitted, compilation not counted." if diffbio else "No DiffBio here.",
        f"Cells of one normal cloud, d = {DIMS}, float32, {BATCHES} batches, 15 neighbours. "
        f"Medians of {rounds} rounds (3 where one takes more than {SLOW_SECONDS} s), after "
        "one that is not counted.",
        "",
    ]
    print("\n".join(head))
    table = Table()
    for rows in sizes:
        table.add(rows, times(rows, rounds, diffbio), python)
    last = sizes[-1]
    clustered = median(times(last, rounds, None, clusters=10)[OURS])
    matrix = last**2 * 4 / 2**20
    tail = [
        "",
        f"{last} cells of ten types instead of one cloud: {clustered:.3g} s ({OURS}).",
        f"A float32 matrix of all pairs of {last} cells would have {matrix:,.0f} MiB.",
        "DiffBio's memory grows with the square of the cells, by some 530 float32 matrices of all "
        f"pairs: beyond {LARGEST[PEER]} cells it is not run.",
        "On a GPU: not measured.",
    ]
    print("\n".join(tail))
    if diffbio:
        diffbio.__exit__()
    return "\n".join([*head, *table.lines, *tail]) + "\n", table


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few cells only")
    parser.add_argument("--sizes", type=int, nargs="+", help="how many cells")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--diffbio", metavar="PYTHON", help="a Python with DiffBio and JAX")
    parser.add_argument("--out", type=Path, help="a folder for the table")
    parser.add_argument("--images", type=Path, help="a folder for the plot")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print_memory(options.memory[0], int(options.memory[1]))
        return
    sizes = options.sizes or (QUICK if options.quick else SIZES)
    text, table = report(sizes, options.rounds, options.diffbio)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "batch_mixing.md").write_text(text)
    if options.images:
        panels = [
            ("Batch mixing, forward + backward", "seconds, median", table.seconds),
            ("Extra memory", "MiB, peak", table.memory),
        ]
        log_log(options.images / "batch_mixing.svg", "cells", panels)


if __name__ == "__main__":
    main()
