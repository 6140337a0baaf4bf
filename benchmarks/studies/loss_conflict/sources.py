"""The two data sets, as canonical tables, with what is held out of each."""

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.contract.datasets import DatasetSpec
from service.contract.training import CovariateSplit, RandomSplit, Split
from worker.data.ingest import Ingested, ingest_table
from worker.training.seeds import derived_seed

EXAMPLES = Path(__file__).parents[3] / "examples"
ISOPRENOL = "isoprenol"
FBA_TABLE = EXAMPLES / "ecoli_core" / "fba_ecoli_core.tsv.gz"

# Cycles 5 and 6 are what a final model is tested on: no choice may see them.
OPEN_CYCLES = frozenset("01234")
HELD_OUT_SHARE = 0.3
LARGEST_TRIPLE_COUNT = 1000

_FBA_SPEC = {
    "design": {"layout": "genotype", "column": "knockouts", "separator": "+", "kind": "deletion"},
    "labels": [{"name": "growth", "column": "growth", "kind": "fitness", "unit": "relative"}],
    "covariates": [{"name": "part", "column": "part", "role": "batch", "known_at": "after_build"}],
}

Row = dict[str, str]


@dataclass(frozen=True)
class Source:
    """A data set for one seed: its table, its columns, and how it is split."""

    label: str
    table: Path
    ingested: Ingested
    split: Split


def _write(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _read(path: Path) -> list[Row]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return list(csv.DictReader(text.decode().splitlines(), delimiter="\t"))


def _ingest(rows: Sequence[Row], spec: object, folder: Path) -> tuple[Path, Ingested]:
    table = folder / "table.parquet"
    ingested = ingest_table(
        _write(folder / "rows.tsv", rows),
        DatasetSpec.model_validate(spec),
        table,
        progress=lambda _: None,
        should_stop=lambda: False,
    )
    return table, ingested


def isoprenol(folder: Path, seed: int) -> Source:
    """Cycles 0-4 alone: three tenths of their designs, drawn anew for each seed, are held out."""
    rows = _read(EXAMPLES / ISOPRENOL / "putida_isoprenol_designs.tsv")
    opened = [row for row in rows if row["cycle"] in OPEN_CYCLES]
    spec = json.loads((EXAMPLES / ISOPRENOL / "mapping.json").read_text())
    table, ingested = _ingest(opened, spec, folder)
    return Source(
        "isoprenol", table, ingested, RandomSplit(test_fraction=HELD_OUT_SHARE, seed=seed)
    )


def _drawn(count: int, share: float, rng: np.random.Generator) -> set[int]:
    return set(rng.permutation(count)[: round(share * count)].tolist())


def _parts(rows: Iterable[Row], seed: int) -> list[Row]:
    """Rows with their part: singles and most pairs train; the other pairs, and triples, test."""
    by_order: dict[int, list[Row]] = {}
    for row in rows:
        by_order.setdefault(int(row["order"]), []).append(row)
    pairs, triples = by_order.get(2, []), by_order.get(3, [])
    rng = np.random.default_rng(derived_seed(seed, "held out"))
    held_out = _drawn(len(pairs), HELD_OUT_SHARE, rng)
    share = min(1.0, LARGEST_TRIPLE_COUNT / max(1, len(triples)))
    tested = _drawn(len(triples), share, rng)
    parts = [(row, "train") for order in (0, 1) for row in by_order.get(order, [])]
    parts += [(row, "test" if i in held_out else "train") for i, row in enumerate(pairs)]
    parts += [(row, "test") for i, row in enumerate(triples) if i in tested]
    columns = ("knockouts", "growth")
    return [{name: row[name] for name in columns} | {"part": part} for row, part in parts]


def fba(folder: Path, seed: int, path: Path) -> Source:
    """All singles and seven tenths of the pairs train; the other pairs and triples are held out.

    Args:
        folder: where the table is written.
        seed: of the draw.
        path: tab-separated, with the columns knockouts, order and growth.
    """
    table, ingested = _ingest(_parts(_read(path), seed), _FBA_SPEC, folder)
    split = CovariateSplit(covariate="part", test=("test",), train=("train",))
    return Source("growth", table, ingested, split)


def source_named(name: str, folder: Path, seed: int) -> Source:
    """`isoprenol`, or the path of a table of computed growth."""
    return isoprenol(folder, seed) if name == ISOPRENOL else fba(folder, seed, Path(name))
