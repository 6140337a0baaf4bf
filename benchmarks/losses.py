"""How fast SupCR is, with its peers beside it: time and extra memory, forward + backward.

    python benchmarks/losses.py [--quick] [--out benchmarks/results] [--images docs/images]

Contenders take turns within a round, so that what disturbs one disturbs all. Times are medians of
the rounds; ratios are medians of the ratios within a round. Memory is the growth of a fresh
process's peak over a warm-up on a small batch.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import torch
from machine import extra_mebibytes, forget_peak, hardware, memory_mebibytes
from peers import published_supcr
from plots import log_log
from torch import Tensor
from torch.nn import functional

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from worker.losses.supcr import SupCRLoss  # noqa: E402  # the repository need not be installed

DIMS = 64
TEMPERATURE = 0.1
# What must be missing from a column.
MISSING = 0.1
# Larger batches than these take minutes, or more memory than a laptop has.
LARGEST = {"row_sort": 2048, "broadcast": 256, "logcumsumexp": 4096, "torch": 4096}
SIZES = (64, 256, 1024, 2048, 4096, 16384)
QUICK = (64, 256, 512)
# A contender that takes longer sits out all rounds but the first three.
SLOW_SECONDS = 5

Batch = tuple[Tensor, Tensor, Tensor]
Rounds = dict[str, list[float]]


def batch(rows: int) -> Batch:
    """z_P, z_I and labels."""
    generator = torch.Generator().manual_seed(rows)
    z_P, z_I = (torch.randn(rows, DIMS, generator=generator).requires_grad_() for _ in range(2))
    labels = torch.randn(rows, 2, generator=generator)
    labels[torch.rand(rows, 2, generator=generator) < MISSING] = math.nan
    return z_P, z_I, labels


def ours(implementation: str, similarity: str = "cosine") -> Callable[[Batch], Tensor]:
    """The loss as a user calls it."""
    loss = SupCRLoss(
        temperature=TEMPERATURE,
        similarity=similarity,  # type: ignore[arg-type]
        implementation=implementation,  # type: ignore[arg-type]
    )
    return lambda data: loss(data[2], z_P_BD=data[0], z_I_BD=data[1])


def peer(name: str) -> Callable[[Batch], Tensor]:
    """What others do."""
    function = getattr(published_supcr, name)
    return lambda data: function(*data, TEMPERATURE)


def floor(data: Batch) -> None:
    """What cannot be saved: of each view two N x N x d products and one exp."""
    for z in data[:2]:
        unit = functional.normalize(z.detach(), dim=1)
        ((unit @ unit.T).div_(TEMPERATURE).exp_()) @ unit


def contenders() -> dict[str, Callable[[Batch], Tensor]]:
    """All that is timed, by name."""
    return {
        "numba": ours("numba"),
        "numba, neg_l2": ours("numba", "neg_l2"),
        "torch": ours("torch"),
        "logcumsumexp": peer("logcumsumexp"),
        "row_sort": peer("row_sort"),
        "broadcast": peer("broadcast"),
    }


def both_ways(loss: Callable[[Batch], Tensor], data: Batch) -> None:
    """Forward and backward."""
    loss(data).backward()
    for z in data[:2]:
        z.grad = None


def seconds(work: Callable[[], None]) -> float:
    """Wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def times(rows: int, rounds: int) -> Rounds:
    """Seconds of each contender that is not too slow for so many rows, round by round."""
    data = batch(rows)
    work = {
        name: (lambda f=f: both_ways(f, data))
        for name, f in contenders().items()
        if rows <= LARGEST.get(name, rows)
    }
    if rows <= max(LARGEST.values()):
        work["floor"] = lambda: floor(data)
    found: Rounds = {name: [] for name in work}
    for name in ("numba", "numba, neg_l2", "floor"):
        if name in work:
            work[name]()  # compiled, and its threads started
    for turn in range(rounds):
        for name, job in work.items():
            if turn < 3 or max(found[name]) < SLOW_SECONDS:
                found[name].append(seconds(job))
    return found


def ratio(found: Rounds, above: str, below: str) -> str:
    """Median over the rounds of one contender's time over another's."""
    if above not in found or below not in found:
        return "not measured"
    pairs = zip(found[above], found[below], strict=False)  # the slow sat out the last rounds
    return f"{median(a / b for a, b in pairs):.3g}"


def print_memory(name: str, rows: int) -> None:
    """What the process started by `extra_mebibytes` does."""
    loss = contenders()[name]
    both_ways(loss, batch(64))
    both_ways(loss, batch(192))  # past the sizes that the plain path takes
    data = batch(rows)
    before = forget_peak()
    both_ways(loss, data)
    print(memory_mebibytes("VmHWM") - before)


class Curves:
    """The figures of a table, for a plot."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[tuple[float, float]]] = {}
        self.memory: dict[str, list[tuple[float, float]]] = {}

    def add(self, name: str, rows: int, seconds: float, memory: float) -> None:
        """A row of the table."""
        self.seconds.setdefault(name, []).append((rows, seconds))
        if memory > 0:
            self.memory.setdefault(name, []).append((rows, memory))


def table(sizes: Iterable[int], rounds: int, curves: Curves) -> Iterable[str]:
    """The lines of a Markdown table, as they are measured."""
    yield "| N | implementation | seconds | extra MiB | x row_sort | x logcumsumexp | floors |"
    yield "|--:|:--|--:|--:|--:|--:|--:|"
    for rows in sizes:
        found = times(rows, rounds)
        for name, values in found.items():
            extra = 0.0 if name == "floor" else extra_mebibytes(__file__, name, str(rows))
            if name != "floor":
                curves.add(name, rows, median(values), extra)
            cells = [
                rows,
                name,
                f"{median(values):.3g}",
                f"{extra:.0f}" if extra else "",
                ratio(found, "row_sort", name),
                ratio(found, "logcumsumexp", name),
                ratio(found, name, "floor"),
            ]
            yield "| " + " | ".join(str(cell) for cell in cells) + " |"
    yield "| 65536 | triton, d = 128 | not measured | not measured | | | |"


def report(sizes: Iterable[int], rounds: int) -> tuple[str, Curves]:
    """Measure and print; returns what was printed, and the figures."""
    lines = [
        "# SupCR, forward + backward",
        "",
        hardware(),
        f"z_P and z_I of d = {DIMS}, float32, two label columns with {MISSING:.0%} missing, "
        f"temperature {TEMPERATURE}, cosine where not said otherwise. Medians of {rounds} rounds "
        f"(3 where one takes more than {SLOW_SECONDS} s); a floor is two N x N x d products and "
        "one exp a view.",
        "",
    ]
    for line in lines:
        print(line)
    curves = Curves()
    for line in table(sizes, rounds, curves):
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines) + "\n", curves


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small batches only")
    parser.add_argument("--sizes", type=int, nargs="+", help="rows of a batch")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a folder for the table")
    parser.add_argument("--images", type=Path, help="a folder for the plot")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print_memory(options.memory[0], int(options.memory[1]))
        return
    text, curves = report(options.sizes or (QUICK if options.quick else SIZES), options.rounds)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "supcr.md").write_text(text)
    if options.images:
        log_log(
            options.images / "supcr.svg",
            "N, rows of a batch",
            [
                ("SupCR, forward + backward", "seconds, median", curves.seconds),
                ("Extra memory", "MiB, peak", curves.memory),
            ],
        )


if __name__ == "__main__":
    main()
