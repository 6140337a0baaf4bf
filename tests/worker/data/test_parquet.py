"""Uploaded Parquet is read by a process with bounds: honest files pass, whatever they say."""

from contextlib import closing

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.contract.errors import BadTableError
from tests.worker.data.lying_pages import SAYING, UNPACKING
from tests.worker.data.peaks import peak_of_reading
from worker.data.parquet_upload import MAX_READING_BYTES
from worker.data.sources import open_table

COLUMNS = {"text": ["a", None, "a"], "number": [1.0, 2.0, None], "nested": [[1], [], None]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "upload"


def opened(path):
    """The table that ingest opens, which another process reads."""
    return closing(open_table(path, "auto"))


def read(path):
    with opened(path) as table:
        return list(table.batches(table.columns))


def test_another_process_reads_what_is_asked_for(path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    pq.write_table(pa.table(COLUMNS), path, row_group_size=2)
    with opened(path) as table:
        process = psutil.Process(table._process.pid)
        assert "a secret" not in process.environ().values()
        assert (table.columns, table.declared_rows) == (list(COLUMNS), 3)
        found, fractions = {"nested": [], "text": []}, [table.fraction]
        for batch in table.batches(["nested", "text"]):
            fractions.append(table.fraction)
            for name, column in batch.columns.items():
                found[name] += column.to_pylist()
    assert found == {name: COLUMNS[name] for name in found}
    assert (fractions, batch.rows.tolist()) == ([0.0, 2 / 3, 1.0], [3])
    assert not process.is_running()


def test_a_reader_that_stops_leaves_no_process(path):
    pq.write_table(pa.table({"y": np.zeros(1 << 20)}), path)
    with opened(path) as table:
        process = psutil.Process(table._process.pid)
        next(table.batches(["y"]))
    assert not process.is_running()


@pytest.mark.parametrize("name", SAYING)
def test_a_page_that_lies_is_refused(path, name):
    make, said = SAYING[name]
    path.write_bytes(make())
    with pytest.raises(BadTableError, match=said):
        read(path)


def test_a_file_that_is_cut_off_is_refused(path):
    pq.write_table(pa.table(COLUMNS), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadTableError, match="damaged or of an unknown version"):
        read(path)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", UNPACKING)
def test_pages_that_unpack_to_gigabytes_meet_the_bound_on_memory(path, name):
    path.write_bytes(UNPACKING[name]())
    peak_bytes, told = peak_of_reading(path)
    assert "unpacks to more than 1536 MiB at a time" in told
    assert "row_group_size=100_000" in told
    assert peak_bytes < 1.2 * MAX_READING_BYTES


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_bytes_changed_is_read_or_refused(path, seed):
    columns = {**COLUMNS, "more": ["b", "c", "d"]}
    pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=2)
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(seed)
    for place in noise.integers(4, len(content), 8):
        content[place] = noise.integers(256)
    path.write_bytes(content)
    try:
        read(path)
    except BadTableError as error:
        assert "Parquet" in error.detail or "header" in error.detail  # noqa: PT017 - or none


def deep(rows, compression):
    """As pyarrow writes it, but in one row group."""
    noise = np.random.default_rng(0)
    words = pa.array([f"YAL{place:04}C" for place in range(6000)])
    texts = {name: words.take(pa.array(noise.integers(0, 6000, rows))) for name in "abc"}
    columns = {**texts, **{name: noise.random(rows) for name in "xyz"}}
    return pa.table(columns), {"row_group_size": rows, "compression": compression}


def wide():
    noise = np.random.default_rng(0)
    return pa.table({f"g{place}": noise.random(20_000) for place in range(2000)}), {}


def distinct(mib):
    """Texts of 64 bytes, all of them in one dictionary."""
    words = pa.array([f"{place:064}" for place in range(mib << 14)])
    return pa.table({"text": words}), {"dictionary_pagesize_limit": 2**31 - 1}


HONEST = {
    "5 million rows in a row group, snappy": lambda: deep(5_000_000, "snappy"),
    "5 million rows in a row group, zstd": lambda: deep(5_000_000, "zstd"),
    "2,000 columns": wide,
    "a dictionary of 64 MiB": lambda: distinct(64),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", HONEST)
def test_a_large_file_is_read_within_the_bound(path, name):
    table, how = HONEST[name]()
    pq.write_table(table, path, **how)
    peak_bytes, told = peak_of_reading(path)
    assert told == str(table.num_rows)
    assert peak_bytes < 0.75 * MAX_READING_BYTES
