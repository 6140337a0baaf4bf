"""A file that is no table of designs: one clear error, nothing left behind."""

import gzip
import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.contract.errors import BadTableError
from tests.worker.data.run_lengths import LONGEST_RUN, run_of
from worker.data import ingest as ingest_module
from worker.data.errors import IngestStoppedError


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def workbook():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


GOOD = "genes\ty\n" + "a\t1\n" * 50
GZIP = gzip.compress(("genes\ty\n" + "".join(f"g{i}\t{i}\n" for i in range(9999))).encode())
PARQUET = parquet({"genes": [f"g{i}" for i in range(9999)], "y": [float(i) for i in range(9999)]})

FILES = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n\r\n \n", "the file is empty"),
    "mark alone": (b"\xef\xbb\xbf", "the file is empty"),
    "empty gzip": (gzip.compress(b""), "the file is empty"),
    "header alone": (b"genes\ty\n", "a header but no data row"),
    "header, no line end": (b"genes\ty", "a header but no data row"),
    "no rows": (
        parquet({"genes": pa.array([], "string"), "y": pa.array([], "float64")}),
        "no data",
    ),
    "named twice": (b"genes\ty\ty\na\t1\t2\n", "names more than once: y"),
    "nameless": (b",genes,y\n0,a,1\n", "no name to column 1 of 3"),
    "workbook": (workbook(), "Excel workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG picture"),
    "hdf5": (b"\x89HDF\r\n\x1a\n\0", "HDF5"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "utf-16": (GOOD.encode("utf-16"), "UTF-16"),
    "binary": (b"genes\ty\na\0\t1\n", "binary"),
    "binary in gzip": (gzip.compress(bytes(range(256)) * 99), "binary"),
    "png in gzip": (gzip.compress(b"\x89PNG\r\n"), "PNG picture"),
    "parquet in gzip": (gzip.compress(PARQUET), "upload the Parquet itself"),
    "gzip cut off": (GZIP[:-100], "cut off or damaged"),
    "gzip damaged": (GZIP[:9000] + b"\xff\0\xff" + GZIP[9003:], "cut off or damaged"),
    "gzip cut off in the header": (GZIP[:12], "cut off or damaged"),
    "zstd damaged": (b"\x28\xb5\x2f\xfd" + b"\x07" * 40, "cut off or damaged"),
    "parquet cut off": (PARQUET[:-50], "damaged"),
    "parquet without a middle": (PARQUET[:40] + b"\xff" * 2000 + PARQUET[2040:], "damaged"),
    "open quote": (b'genes,y\na,1\n"b,2\nc,3\n', "a double quote is opened and never closed"),
    "open quote in a long file": (b'genes,y\n"b,2\n' + b"c,3\n" * 4_000_000, "double quote"),
    "one endless line": (b"x" * (17 << 20), "no line end"),
    "an endless row": (b"genes\ty\n" + b"x" * (9 << 20) + b"\t1\na\t1\n", "longer than 4 MiB"),
    "billions of rows in 360 bytes": (run_of("genes", "a", LONGEST_RUN), "2,147,483,647 rows or"),
    "trillions of rows": (run_of("genes", "a", LONGEST_RUN, 2000), "4,294,967,294,000 rows or"),
    "a long text in a million rows": (run_of("genes", "a" * (5 << 20), 10**6), "row 1: the texts"),
    "all missing": (b"genes\ty\na\t\nb\tNaN\n", "label y has no value in any row"),
}


@pytest.mark.parametrize("rule", ["fail", "skip"])
@pytest.mark.parametrize(("content", "said"), FILES.values(), ids=FILES.keys())
def test_refuses(ingest, simple_spec, content, said, rule):
    with pytest.raises(BadTableError, match=said):
        ingest(content, simple_spec | {"on_bad_rows": rule})
    assert ingest.left_behind == []


@pytest.mark.parametrize(
    ("stated", "content", "said"),
    [
        ("parquet", GOOD.encode(), "not Parquet"),
        ("tsv", PARQUET, "Parquet, not tsv"),
        ("csv", PARQUET, "Parquet, not csv"),
        ("tsv", b"genes,y\na,1\n", "no column 'genes', 'y'"),
    ],
)
def test_refuses_a_file_of_another_format_than_stated(ingest, simple_spec, stated, content, said):
    with pytest.raises(BadTableError, match=said):
        ingest(content, simple_spec | {"format": stated})


def test_says_where_the_text_stops_being_utf8(ingest, simple_spec):
    text = b"genes\ty\tnote\na\t1\tok\nb\t2\t37\xb0C\nc\t3\tok\n"
    with pytest.raises(
        BadTableError, match=rf"0xb0 at offset {text.index(0xB0)}, line 3"
    ) as caught:
        ingest(text, simple_spec)
    assert caught.value.offenders[0].row == 2


def test_a_character_cut_at_the_end_is_not_utf8(ingest, simple_spec):
    with pytest.raises(BadTableError, match="0xce at offset 14, line 3"):
        ingest(b"genes\ty\na\t1\nb\t\xce", simple_spec)


def test_lists_missing_columns_with_those_that_come_close(ingest, simple_spec):
    spec = simple_spec | {"covariates": [{"name": "cycle", "role": "batch"}]}
    with pytest.raises(BadTableError, match="it has Genes, why, Cycle") as caught:
        ingest("Genes\twhy\tCycle\na\t1\t2\n", spec)
    found = {offender.column: offender.suggestions for offender in caught.value.offenders}
    assert found == {"genes": ["Genes"], "y": [], "cycle": ["Cycle"]}


def test_refuses_a_prefix_that_no_column_has(ingest, simple_spec):
    design = {"layout": "genes", "prefix": "zz", "kind": "deletion"}
    with pytest.raises(BadTableError, match="no column begins with 'zz'"):
        ingest(GOOD, simple_spec | {"design": design})


def test_refuses_parquet_columns_that_hold_no_plain_values(ingest, simple_spec):
    with pytest.raises(BadTableError, match="column 'genes' holds list"):
        ingest(parquet({"genes": [["a"], ["b"]], "y": [1.0, 2.0]}), simple_spec)


def test_refuses_a_design_in_two_groups(ingest, simple_spec):
    text = "genes\ty\tfold\na\t1\tone\n\t1\tone\n\t1\ttwo\nb\t1\ttwo\na\t2\ttwo\n"
    with pytest.raises(BadTableError, match="a:deletion is in group 'one' and in group 'two'") as e:
        ingest(text, simple_spec | {"group_column": "fold", "on_bad_rows": "skip"})
    assert [(offender.row, offender.column) for offender in e.value.offenders] == [(5, "fold")]
    assert ingest.left_behind == []


def test_stops_when_asked_and_leaves_nothing(ingest, simple_spec):
    with pytest.raises(IngestStoppedError):
        ingest(GOOD, simple_spec, should_stop=lambda: True)
    assert ingest.left_behind == []


def test_stops_when_asked_after_the_rows_are_read(ingest, simple_spec):
    with pytest.raises(IngestStoppedError):
        ingest(GOOD, simple_spec, should_stop=lambda: bool(ingest.progress))
    assert ingest.left_behind == []


def test_a_failure_leaves_no_earlier_table(ingest, simple_spec):
    ingest(GOOD, simple_spec)
    with pytest.raises(BadTableError):
        ingest(b"", simple_spec)
    assert ingest.left_behind == []


def test_equal_rows_in_a_few_bytes_are_rows(ingest, simple_spec):
    assert ingest(run_of("genes", "a", 1000, 3), simple_spec).profile.row_count == 3000


LIMITS = {"MAX_ROWS": 50, "MAX_CELLS": 100}


@pytest.mark.parametrize("content", [GOOD, parquet({"genes": ["a"] * 50, "y": [1.0] * 50})])
@pytest.mark.parametrize("limit", LIMITS)
def test_counts_rows_and_cells_of_every_format(ingest, simple_spec, monkeypatch, content, limit):
    monkeypatch.setattr(ingest_module, limit, LIMITS[limit])
    assert ingest(content, simple_spec).profile.row_count == 50
    monkeypatch.setattr(ingest_module, limit, LIMITS[limit] - 1)
    with pytest.raises(BadTableError, match=f"at most {LIMITS[limit] - 1}"):
        ingest(content, simple_spec)
