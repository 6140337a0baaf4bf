"""Designs per second of exact screens, with a bare PyTorch loop and a numba loop beside them.

    python benchmarks/search.py [--quick] [--full] [--out benchmarks/results]

Triples of 6,000 edits. Contenders take turns within a round, two threads each; rates are medians of
the rounds, ratios medians of the ratios within a round. Beside the rate by the clock stands that by
processor time, for two cores: on a machine that others use as well the clock says less. Where a
bound decides, its rate is that of designs decided, and the share that was evaluated is told; the
same kernel is measured without it. `--full` goes through all 36 billion triples, of relu and gelu.
Where there is a GPU, its kernel has a line in every table, by the clock alone.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from statistics import median

import numpy as np
from machine import hardware

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers.bare_screens import numba_screen, torch_screen  # need not be installed
from worker.search.kernel import Screener, ScreenPart, design_count, kernel_names
from worker.search.kernel_objective import RankTerm, ScreenObjective
from worker.search.tables import ScreenLabel, ScreenTables, UnitTables

EDITS, UNITS, DIMS, THREADS, KEPT = 6000, 64, 32, 2, 2000
SECONDS = 0.4  # of a contender's turn
GPU = "triton"
NO_GPU = f"The kernel of a GPU, `{GPU}`: not measured, no GPU was at hand.\n"
VECTORS = {"c-avx512": 16, "c-avx2": 8, "c-plain": 4}


@dataclass(frozen=True)
class Row:
    """A kind of model that is screened."""

    name: str
    is_gelu: bool = False
    head: str = "mlp"
    layers: int = 1
    members: int = 1
    has_peers: bool = False


ROWS = (
    Row("one hidden layer of 64, relu", has_peers=True),
    Row("one hidden layer of 64, gelu", is_gelu=True),
    Row("linear", head="linear"),
    Row("quadratic", head="quadratic"),
    Row("two hidden layers of 64, relu", layers=2),
    Row("two hidden layers of 64, gelu", layers=2, is_gelu=True),
    Row("ensemble of 5, relu, mean - sd", members=5),
    Row("ensemble of 5, gelu, mean - sd", members=5, is_gelu=True),
)


def tables_of(row: Row, order: int = 3) -> ScreenTables:
    """A model with random weights."""
    draw = np.random.default_rng(1)

    def normal(scale: float, *shape: int) -> np.ndarray:
        return draw.normal(0, scale, shape)

    members, pair, units = row.members, {}, None
    if row.head == "quadratic":
        z_ED = normal(0.2, EDITS, DIMS).astype(np.float32)
        pair = {(0, 0): z_ED @ z_ED.T}
    if row.head == "mlp":
        has_second = row.layers == 2
        units = UnitTables(
            is_gelu=row.is_gelu,
            base_MH=normal(0.5, members, UNITS),
            edit_MEH=normal(0.3, members, EDITS, UNITS),
            second_base_MG=normal(0.3, members, UNITS) if has_second else None,
            second_weight_MGH=normal(0.15, members, UNITS, UNITS) if has_second else None,
            output_MYH=normal(0.2, members, 1, UNITS),
        )
    return ScreenTables(
        order=order,
        labels=(ScreenLabel("y", 1.0, 0.0, is_log=False),),
        outside_MY=normal(1.0, members, 1),
        single_MYE=normal(0.1, members, 1, EDITS),
        pair=pair,
        bound={},
        sizes=None,
        units=units,
    )


def screener_of(tables: ScreenTables, kernel: str, *, prune: bool | None = None) -> Screener:
    """Ranks by mean - sd where there are members."""
    caution = 1.0 if tables.member_count > 1 else 0.0
    objective = ScreenObjective((RankTerm(0, caution=caution),))
    return Screener(tables, objective, keep=KEPT, kernel=kernel, prune=prune)


Contender = Callable[[tuple[int, int]], object]


def kernels() -> list[str]:
    """The fastest of the processor, and that of a GPU where there is one."""
    names = kernel_names()
    return [name for name in names if name != GPU][:1] + [name for name in names if name == GPU]


def bare(screen: Callable[..., float], tables: ScreenTables) -> Contender:
    """A peer on the same threads, each with every other outer edit."""
    units = tables.units
    if units is None:
        raise ValueError("the bare loops read hidden units")
    base_H, edit_EH, weight_H = (
        np.ascontiguousarray(array, dtype=np.float32)
        for array in (units.base_MH[0], units.edit_MEH[0], units.output_MYH[0, 0])
    )

    def run(outer: tuple[int, int]) -> object:
        with ThreadPoolExecutor(THREADS) as pool:
            turns = [(first, first + 1) for first in range(*outer)]
            return list(pool.map(lambda turn: screen(base_H, edit_EH, weight_H, turn), turns))

    return run


def ours(screener: Screener) -> Contender:
    """A screen of ours."""
    return lambda outer: screener.run(outer, threads=THREADS)


def share_evaluated(found: object) -> float:
    """Of the designs that were decided; peers evaluate all."""
    if not isinstance(found, ScreenPart):
        return 1.0
    return found.evaluated_count / (found.evaluated_count + found.pruned_count)


def contenders(row: Row) -> dict[str, Contender]:
    """The fastest kernels; on the first row every one that runs here, and the peers."""
    tables = tables_of(row)
    compiled = [name for name in kernel_names() if name not in ("numba", GPU)]
    shown = compiled if row.has_peers else []
    found = {name: ours(screener_of(tables, name)) for name in dict.fromkeys([*shown, *kernels()])}
    if row.is_gelu and row.layers == 1:
        name = kernels()[0]
        found[f"{name}, all evaluated"] = ours(screener_of(tables, name, prune=False))
    if row.has_peers:
        found["numba, ours"] = ours(screener_of(tables, "numba"))
        found["numba, bare loop"] = bare(numba_screen, tables)
        found["PyTorch, bare batches"] = bare(torch_screen, tables)
    return found


@dataclass(frozen=True)
class Rate:
    """Designs per second: by the clock, and by processor time for as many cores as threads.

    A GPU's are both by the clock.
    """

    clock: float
    processor: float


def rate(name: str, run: Contender, outer: tuple[int, int]) -> Rate:
    """Of a turn of some outer edits."""
    clock, processor = time.perf_counter(), time.process_time()
    run(outer)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    designs = design_count(EDITS, 3, outer)
    if name == GPU:
        return Rate(designs / clock, designs / clock)
    return Rate(designs / clock, THREADS * designs / processor)


def turn_of(name: str, run: Contender) -> tuple[int, int]:
    """Outer edits that take a turn's time: the first ones, or later ones with fewer designs."""
    trial = (0, 60) if name == GPU else (EDITS - 1200, EDITS - 1200 + THREADS)
    run(trial)  # warms up
    wanted = min(rate(name, run, trial).processor * SECONDS, float(comb(EDITS, 3)))
    each = comb(EDITS - 1, 2)
    if wanted >= THREADS * each:
        return 0, min(EDITS, THREADS * round(wanted / each / THREADS))
    begin = EDITS - 1 - max(500, round((2 * wanted / THREADS) ** 0.5))
    return begin, begin + THREADS


def measure(row: Row, rounds: int) -> list[str]:
    """Lines of the table for one kind of model."""
    known = contenders(row)
    turns = {name: turn_of(name, run) for name, run in known.items()}
    rates = {name: [] for name in known}
    for _ in range(rounds):
        for name, run in known.items():
            rates[name].append(rate(name, run, turns[name]))
    first = next(iter(known))
    lines = []
    for name, found in rates.items():
        clock, processor = (
            median(getattr(r, kind) for r in found) / 1e6 for kind in ("clock", "processor")
        )
        pairs = zip(rates[first], found, strict=True)
        ratio = median(a.processor / b.processor for a, b in pairs)
        share = f"{share_evaluated(known[name](turns[name])):.3g}"
        lines.append(
            f"| {row.name} | {name} | {clock:,.0f} | {processor:,.0f} | {ratio:,.2f} | {share} |"
        )
        print(lines[-1], flush=True)
    return lines


def pairs_line(kernel: str, rounds: int) -> str:
    """Seconds for all pairs."""
    tables = replace(tables_of(ROWS[0]), order=2)
    screener = screener_of(tables, kernel)
    screener.run(threads=THREADS)  # warms up
    seconds = []
    for _ in range(max(3, rounds)):
        clock, processor = time.perf_counter(), time.process_time()
        part = screener.run(threads=THREADS)
        seconds.append((time.perf_counter() - clock, time.process_time() - processor))
    if part.evaluated_count != comb(EDITS, 2):
        sys.exit(f"{part.evaluated_count} pairs were evaluated, not {comb(EDITS, 2)}")
    clock, processor = (median(column) for column in zip(*seconds, strict=True))
    return (
        f"{kernel}: all {comb(EDITS, 2):,} pairs of {EDITS:,} edits, one hidden layer of 64, relu: "
        f"{clock:.2f} s by the clock, {processor:.2f} s of processor time."
    )


def full_line(row: Row, kernel: str) -> str:
    """All triples, once, and what they came to; what is made before the first is not counted."""
    screener = screener_of(tables_of(row), kernel)
    screener.run((EDITS - 60, EDITS), threads=THREADS)  # warms up
    clock, processor = time.perf_counter(), time.process_time()
    part: ScreenPart = screener.run(threads=THREADS)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    decided = part.evaluated_count + part.pruned_count
    if decided != comb(EDITS, 3):
        sys.exit(f"{decided} triples were decided, not {comb(EDITS, 3)}")
    pruned = f", {part.pruned_count:,} pruned" if part.pruned_count else ""
    return (
        f"{kernel}: all {decided:,} triples of {EDITS:,} edits, {row.name}, "
        f"{part.evaluated_count:,} evaluated{pruned}: {clock:.1f} s by the clock, {processor:.0f} "
        f"s of processor time on {THREADS} threads; the best is {part.value[0]:.4f}, that of rank "
        f"{KEPT:,} {part.value[-1]:.4f}, each within {part.error_bound:.1e} of float64."
    )


def with_section(page: str, heading: str, section: str) -> str:
    """The page with a section at its end; what stood below that heading before is gone."""
    return f"{page.partition(heading)[0].rstrip()}\n\n{section.strip()}\n"


def _kept_sections(path: Path) -> str:
    """What other programs have put at the end of the page."""
    _, mark, kept = path.read_text().partition("\n## ") if path.exists() else ("", "", "")
    return mark + kept


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--full", action="store_true", help="all triples, too")
    parser.add_argument("--out", type=Path, help="folder of search.md; none is written without it")
    options = parser.parse_args(arguments)
    rounds = 1 if options.quick else 3
    best = kernels()[0]
    head = [
        f"# Exact screens\n\n{hardware()}\n",
        f"Kernel {best}: vectors of {VECTORS.get(best, 1)} floats, {THREADS} threads; triples of "
        f"{EDITS:,} edits, the best {KEPT:,} kept.\n",
        "Million designs per second: by the clock, and by processor time for two cores (what the "
        "clock says where nobody else is at work). The ratio is that of the first kernel's rate to "
        "this one's, by processor time; of a GPU by the clock. A design that was not evaluated was "
        "decided by a bound on its rank, read for it alone; `evaluated` is the share of others.\n",
        *([] if GPU in kernels() else [NO_GPU]),
        "| model | contender | by the clock | by processor time | first / this | evaluated |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(head), flush=True)
    lines = [line for row in ROWS for line in measure(row, rounds)]
    tail = [pairs_line(kernel, rounds) for kernel in kernels()]
    whole = [(row, name) for row in ROWS[:2] for name in kernels() if options.full or name == GPU]
    tail += [full_line(*one) for one in whole]
    print("\n" + "\n".join(tail), flush=True)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / "search.md"
        written = "\n".join([*head, *lines, "", *tail]) + "\n"
        path.write_text(written + _kept_sections(path))


if __name__ == "__main__":
    main()
