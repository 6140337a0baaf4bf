"""Can what triples do beyond their pairs be told from singles and doubles?

    python -m benchmarks.studies.fba_triples --data DIR

Writes docs/studies/fba_triples.md; DIR holds fba_ecoli_core.tsv.gz (or CELLGEBRA_DATA names it).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from benchmarks.accuracy_rows.tables import MissingDataError, find, lines
from benchmarks.machine import processor
from benchmarks.studies.fba_triples.lattice import (
    GAP,
    Ceiling,
    Lattice,
    ceiling,
    class_sizes,
    r2,
)
from benchmarks.studies.fba_triples.selection import inner_r2

TEXT = Path(__file__).with_name("page.md")
PAGE = Path(__file__).parents[3] / "docs" / "studies" / "fba_triples.md"
COMMAND = "python -m benchmarks.studies.fba_triples"
FILE = "fba_ecoli_core.tsv.gz"


def read(path: Path) -> Lattice:
    """The table as a lattice."""
    growth = {
        frozenset(gene for gene in line["knockouts"].split("+") if gene): float(line["growth"])
        for line in lines(path)
    }
    return Lattice(growth)


def _names(genes: frozenset[str]) -> str:
    return " ".join(sorted(genes))


def _unlike(found: Ceiling) -> str:
    lines_ = ["| grows less | growth | cannot be told from | growth |", "|:--|--:|:--|--:|"]
    lines_ += [
        f"| {_names(low)} | {below:.3f} | {_names(high)} | {above:.3f} |"
        for low, high, below, above in found.unlike
    ]
    return "\n".join(lines_)


def _inner(path: Path) -> str:
    found = inner_r2(path)
    rows = [f"| {name} | {value:.4f} |" for name, value in found.items()]
    return "\n".join(["| trained on singles | R2 of growth of doubles |", "|:--|--:|", *rows])


def page(path: Path) -> str:
    """The text with every figure."""
    lattice = read(path)
    of_values, of_orbits = (ceiling(lattice, key) for key in (lattice.values_below, lattice.orbit))
    sizes = class_sizes(lattice)
    gap_T = lattice.least - lattice.truth
    short_T = np.maximum(lattice.least - lattice.product, 0.0)
    precision = float(average_precision_score(gap_T > GAP, np.round(short_T, 9)))
    return TEXT.read_text().format(
        command=COMMAND,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=processor(),
        genes=len(lattice.genes),
        triples=len(lattice.triples),
        r2_least=f"{r2(lattice.least, lattice.truth):.5f}",
        below=int((gap_T > 1e-4).sum()),
        precision=f"{precision:.3f}",
        times=f"{precision / (of_values.gaps / len(lattice.triples)):.0f}",
        product_r2=f"{r2(lattice.product, lattice.truth):.4f}",
        above=int((gap_T < -1e-4).sum()),
        gaps=of_values.gaps,
        base=f"{100 * of_values.gaps / len(lattice.triples):.3f}",
        error_of_gaps=f"{100 * float((gap_T[gap_T > GAP] ** 2).sum() / np.sum(gap_T**2)):.1f}",
        values=of_values,
        values_r2=f"{of_values.r2:.5f}",
        values_beyond=f"{of_values.r2_beyond:.3f}",
        classes=len(sizes),
        alone=sizes.count(1),
        largest=sizes[0],
        orbits=of_orbits,
        orbits_r2=f"{of_orbits.r2:.5f}",
        orbits_beyond=f"{of_orbits.r2_beyond:.3f}",
        told=of_orbits.gaps - of_orbits.gaps_in_mixed,
        unlike=_unlike(of_orbits),
        inner=_inner(path),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given = os.environ.get("CELLGEBRA_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder of the data files")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    try:
        path = find(FILE, options.data)
    except MissingDataError as error:
        sys.exit(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(page(path))
    print(options.out)


if __name__ == "__main__":
    main()
