"""How long `cellgebra --help` takes, beside Python that does nothing.

Processes in turn, so that both meet the same load; the least and the median of each, of its wall
time and of the processor's. It writes `benchmarks/results/command_line.md`.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

RESULT = Path(__file__).parent / "results" / "command_line.md"
ROUNDS = 20
PROGRAMS = {
    "`python -c pass`": ["-c", "pass"],
    "`python -c 'import typer'`": ["-c", "import typer"],
    "`cellgebra --help`": ["-m", "service.cli", "--help"],
    "`cellgebra version`": ["-m", "service.cli", "version"],
}


def main() -> None:
    """Measure, print, write."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, arguments in PROGRAMS.items():
            times[name].append(seconds_of(arguments))
    page = "\n".join(lines(times))
    RESULT.write_text(f"{page}\n")
    print(page)


def seconds_of(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor that one process takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lines(times: dict[str, list[tuple[float, float]]]) -> list[str]:
    """The page."""
    load = os.getloadavg()[0]
    told = [
        "# The command line",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}, {os.cpu_count()} cores, "
        f"load {load:.1f}; {ROUNDS} processes each, in turn. Made by `python "
        "benchmarks/command_line.py`. The aim is `--help` in less than 300 ms.",
        "",
        "| program | least wall, ms | median wall, ms | median processor, ms | beside `pass` |",
        "|---|---:|---:|---:|---:|",
    ]
    nothing = median(cpu for _, cpu in times["`python -c pass`"])
    for name, pairs in times.items():
        walls, cpus = zip(*pairs, strict=True)
        told.append(
            f"| {name} | {min(walls) * 1e3:.0f} | {median(walls) * 1e3:.0f} | "
            f"{median(cpus) * 1e3:.0f} | {median(cpus) / nothing:.1f} |"
        )
    return told


if __name__ == "__main__":
    main()
