"""How fast the losses are, with their peers beside them: time and extra memory, forward + backward.

    python benchmarks/losses.py [--quick] [--out benchmarks/results/losses.md]

Contenders take turns within a round, so that what disturbs one disturbs all; the least time of
the rounds counts. Memory is the growth of a fresh process's peak over a warm-up on a small batch.
"""

import argparse
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import torch
from peers import published_supcr
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
SIZES = (64, 256, 1024, 2048, 16384)
QUICK = (64, 256, 512)

Batch = tuple[Tensor, Tensor, Tensor]


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


def times(rows: int, rounds: int) -> dict[str, float]:
    """Least seconds of each contender that is not too slow for so many rows."""
    data = batch(rows)
    found: dict[str, float] = {}
    fits = {n: f for n, f in contenders().items() if rows <= LARGEST.get(n, rows)}
    for turn in range(rounds):
        work = {name: (lambda f=f: both_ways(f, data)) for name, f in fits.items()}
        if rows <= max(LARGEST.values()):
            work["floor"] = lambda: floor(data)
        for name, job in work.items():
            slow = turn > 1 and found[name] > 5
            if not slow:
                found[name] = min(found.get(name, math.inf), seconds(job))
    return found


def memory_mebibytes(line: str) -> float:
    """A line of this process's memory. Not `ru_maxrss`: a child takes it over from its parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{line}:")[1].split()[0]) / 1024


def extra_mebibytes(name: str, rows: int) -> float:
    """Measured in a process of its own, which has nothing else to remember."""
    command = [sys.executable, __file__, "--memory", name, str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return float(done.stdout)


def print_memory(name: str, rows: int) -> None:
    """What the process started by `extra_mebibytes` does."""
    loss = contenders()[name]
    both_ways(loss, batch(64))
    data = batch(rows)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = memory_mebibytes("VmRSS")
    both_ways(loss, data)
    print(memory_mebibytes("VmHWM") - before)


def table(sizes: Iterable[int], rounds: int) -> Iterable[str]:
    """The lines of a Markdown table, as they are measured."""
    yield "| N | implementation | seconds | extra MiB | x row_sort | x logcumsumexp | floors |"
    yield "|--:|:--|--:|--:|--:|--:|--:|"
    for rows in sizes:
        found = times(rows, rounds)
        for name, value in found.items():
            memory = "" if name == "floor" else f"{extra_mebibytes(name, rows):.0f}"
            ratios = [
                f"{found[other] / value:.3g}" if other in found else "not measured"
                for other in ("row_sort", "logcumsumexp")
            ]
            floors = f"{value / found['floor']:.3g}" if "floor" in found else "not measured"
            yield f"| {rows} | {name} | {value:.4g} | {memory} | {' | '.join(ratios)} | {floors} |"
    yield "| 65536 | triton, one GPU | not measured | not measured | | | |"


def processor() -> str:
    """Whose times these are."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def report(sizes: Iterable[int], rounds: int) -> str:
    """Measure and print, and return what was printed."""
    lines = [
        "# SupCR, forward + backward",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, PyTorch {torch.__version__}, "
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f} before the start.",
        f"z_P and z_I of d = {DIMS}, float32, two label columns with {MISSING:.0%} missing, "
        f"temperature {TEMPERATURE}, cosine where not said otherwise.",
        "",
    ]
    for line in lines:
        print(line)
    for line in table(sizes, rounds):
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small batches only")
    parser.add_argument("--sizes", type=int, nargs="+", help="rows of a batch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the table there, too")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print_memory(options.memory[0], int(options.memory[1]))
        return
    text = report(options.sizes or (QUICK if options.quick else SIZES), options.rounds)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text)


if __name__ == "__main__":
    main()
