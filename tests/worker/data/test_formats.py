"""The same table in every format is the same table."""

import gzip
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from worker.data.text import _BLOCK_BYTES, TextTable

TSV = 'genes\ty\tnote\na+b\t1.5\tx\n\t-2e-1\t"q"\nc\tNaN\t\n'
EXPECTED = [(1, "a:deletion+b:deletion", 1.5), (2, "", -0.2), (3, "c:deletion", None)]


def comma(text):
    return text.replace("\t", ",")


def zstd(text):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(text.encode())
    return sink.getvalue().to_pybytes()


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


PARQUET_COLUMNS = {"genes": ["a+b", None, "c"], "y": [1.5, -0.2, np.nan]}


def seen(ingest):
    return [
        (row["row"], row["genotype"], None if np.isnan(row["label.y"]) else row["label.y"])
        for row in ingest.rows
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TSV, id="tsv"),
        pytest.param(comma(TSV), id="csv"),
        pytest.param(TSV.replace("\t", ";"), id="semicolons"),
        pytest.param("\ufeff" + TSV, id="byte order mark"),
        pytest.param(TSV.replace("\n", "\r\n"), id="dos"),
        pytest.param(TSV.replace("\n", "\r"), id="old mac"),
        pytest.param(TSV.rstrip("\n"), id="no last line end"),
        pytest.param(TSV.replace("\n", "\n\n"), id="blank lines"),
        pytest.param(gzip.compress(TSV.encode()), id="gzip"),
        pytest.param(
            gzip.compress(TSV[:20].encode()) + gzip.compress(TSV[20:].encode()), id="two gzips"
        ),
        pytest.param(zstd(TSV), id="zstd"),
        pytest.param(parquet(PARQUET_COLUMNS), id="parquet"),
        pytest.param(TSV.replace("\t", " \t "), id="padded cells"),
        pytest.param(TSV.replace("a+b", '"a+b"').replace("genes", '"genes"'), id="quoted tsv"),
        pytest.param(comma(TSV).replace("x\n", '"x, ""y""\nz"\n'), id="quoted csv"),
    ],
)
def test_the_same_rows_from(ingest, simple_spec, content):
    ingest(content, simple_spec)
    assert seen(ingest) == EXPECTED


def test_parquet_takes_the_types_that_a_data_frame_has(ingest, simple_spec):
    columns = {
        "genes": pa.array(["a", None, "a"]).dictionary_encode(),
        "y": pa.array([1, None, 3], pa.int16()),
        "cycle": pa.array([1.0, 2.0, None]),
        "control": pa.array([False, True, None]),
    }
    covariates = [{"name": "cycle", "role": "batch"}]
    spec = simple_spec | {"covariates": covariates, "control_column": "control"}
    ingest(parquet(columns), spec)
    assert seen(ingest) == [(1, "a:deletion", 1.0), (2, "", None), (3, "a:deletion", 3.0)]
    assert ingest.column("covariate.cycle") == ["1", "2", ""]
    assert ingest.column("is_control") == [False, True, False]


def test_the_format_may_be_stated(ingest, simple_spec):
    ingest('"genes"\t"y"\n"a,b"\t1\n', simple_spec | {"format": "tsv"})
    assert ingest.column("genotype") == ["a,b:deletion"]


def test_a_header_cell_may_hold_a_line_end(ingest, simple_spec):
    ingest('"note\nof mine",genes,y\nx,a,1\n', simple_spec)
    assert seen(ingest) == [(1, "a:deletion", 1.0)]


def test_row_numbers_go_on_across_blocks_and_skipped_rows(ingest, simple_spec):
    line = "a\t1\t" + "x" * 1000 + "\n"
    count = 2 * _BLOCK_BYTES // len(line) + 10
    bad = {3, 4, count // 2, count - 2}
    lines = ["too short\n" if i in bad else line for i in range(1, count + 1)]
    spec = simple_spec | {"on_bad_rows": "skip"}
    result = ingest("genes\ty\tnote\n" + "".join(lines), spec)
    assert ingest.column("row") == [i for i in range(1, count + 1) if i not in bad]
    assert [skipped.row for skipped in result.profile.skipped_rows] == sorted(bad)


def test_progress_grows_to_one(ingest, simple_spec):
    """What is left after reading is the profile."""
    count = 5 << 16
    ingest(parquet({"genes": ["a"] * count, "y": [1.0] * count}), simple_spec)
    assert ingest.progress == pytest.approx([0.14, 0.28, 0.42, 0.56, 0.7, 1.0])


def test_progress_of_text_never_falls(ingest, simple_spec):
    line = "a\t1\t" + "x" * 1000 + "\n"
    ingest("genes\ty\tnote\n" + line * (4 * _BLOCK_BYTES // len(line)), simple_spec)
    assert ingest.progress == sorted(ingest.progress)
    assert ingest.progress[-1] == 1.0


@pytest.mark.parametrize("sign", ["\t", ","])
def test_the_share_that_is_done_is_that_of_the_rows(tmp_path, monkeypatch, sign):
    """Not that of the bytes: Arrow reads up to 32 blocks ahead."""
    monkeypatch.setattr("worker.data.text._BLOCK_BYTES", 4096)
    count = 8000
    path = tmp_path / "table"
    path.write_text(f"a{sign}b\n" + "".join(f"{i:06}{sign}{i:06}\n" for i in range(count)))
    with closing(TextTable(path, "auto", skip=False)) as table:
        assert table.fraction == 0.0
        given = 0
        for batch in table.batches(["a"]):
            given += len(batch.rows)
            assert table.fraction == pytest.approx(given / count, abs=0.05)
    assert given == count
    assert table.fraction == 1.0
