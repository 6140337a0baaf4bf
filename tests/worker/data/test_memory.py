"""A large file is ingested in bounded memory, by a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[3]
MIB = 1 << 20
# Prints the peak resident memory (KiB), rows, designs and heavy modules. Not ru_maxrss: that one
# remembers the process which started this one.
SCRIPT = """
import json, re, sys
from pathlib import Path
from service.contract.datasets import DatasetSpec
from worker.data.ingest import ingest_table

source, table = map(Path, sys.argv[1:3])
spec = DatasetSpec.model_validate(json.loads(sys.argv[3]))
ingested = ingest_table(source, spec, table, progress=lambda _: None, should_stop=lambda: False)
# pandas is looked for by pyarrow, and is there for tests of the client alone.
heavy = sorted({"torch", "sklearn", "scipy"} & set(sys.modules))
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([peak, ingested.profile.row_count, ingested.profile.design_count, heavy]))
"""
pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
LABELS = [{"name": "y", "kind": "fitness", "unit": "relative"}]


def ingest_apart(source, spec, timeout):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, source, source.with_suffix(".parquet"), json.dumps(spec)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    return json.loads(result.stdout)


def write_triples(path, size_bytes):
    """Rows of three of 6,000 loci: nearly every design is another one, the worst case."""
    generator = np.random.default_rng(0)
    loci = np.array([f"YAL{i:04}C" for i in range(6000)])
    row_count = written = 0
    with path.open("w") as file:
        file.write("genes\ty\tnote\n")
        while written < size_bytes:
            base = generator.integers(0, 5990, 50_000)
            picked = loci[
                base[:, None]
                + generator.permuted(np.tile(np.arange(10), (50_000, 1)), axis=1)[:, :3]
            ]
            values = generator.random(len(picked)).round(6)
            text = "".join(
                f"{a}+{b}+{c}\t{y}\tnote\n" for (a, b, c), y in zip(picked, values, strict=True)
            )
            written += file.write(text)
            row_count += len(picked)
    return row_count


def write_matrix(path, size_bytes, gene_count):
    """Rows of thousands of gene columns, three of them edited."""
    generator = np.random.default_rng(0)
    row_count = size_bytes // (2 * gene_count)
    with path.open("w") as file:
        file.write("\t".join([f"g_{i}" for i in range(gene_count)]) + "\ty\n")
        for _ in range(row_count):
            cells = ["0"] * gene_count
            for i in generator.integers(0, gene_count, 3):
                cells[i] = "1"
            file.write("\t".join(cells) + "\t0.5\n")
    return row_count


@pytest.mark.slow
def test_a_small_upload_needs_neither_time_nor_heavy_imports(tmp_path):
    source = tmp_path / "small.tsv"
    source.write_text("genes\ty\na\t1\n")
    design = {"layout": "genotype", "column": "genes", "kind": "deletion"}
    peak, row_count, _, heavy = ingest_apart(source, {"design": design, "labels": LABELS}, 30)
    assert (row_count, heavy) == (1, [])
    assert peak * 1024 < 250 * MIB


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_distinct_triples_stay_in_bounds(tmp_path):
    source = tmp_path / "triples.tsv"
    row_count = write_triples(source, 150 * MIB)
    design = {"layout": "genotype", "column": "genes", "kind": "deletion"}
    peak, rows, *_ = ingest_apart(source, {"design": design, "labels": LABELS}, 590)
    assert rows == row_count
    assert peak * 1024 < 800 * MIB


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thousands_of_gene_columns_stay_in_bounds(tmp_path):
    source = tmp_path / "matrix.tsv"
    row_count = write_matrix(source, 100 * MIB, 5000)
    design = {"layout": "genes", "prefix": "g_", "kind": "deletion"}
    peak, rows, *_ = ingest_apart(source, {"design": design, "labels": LABELS}, 590)
    assert rows == row_count
    assert peak * 1024 < 800 * MIB
