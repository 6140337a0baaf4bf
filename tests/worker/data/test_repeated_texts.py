"""Texts of Parquet files: written out in bounded parts, and the same as without a dictionary."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.contract.errors import BadTableError
from tests.worker.data.run_lengths import run_of
from worker.data import repeated_texts
from worker.data.parquet_upload import ParquetUpload

MIB = 2**20


@pytest.fixture
def batches(tmp_path):
    """The batches of a file, or of what is written to one, read in this process."""

    def read(content, **how):
        path = tmp_path / "upload"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path, **how)
        upload = ParquetUpload(path)
        names, _ = upload.open()
        yield from upload.batches(names)

    return read


def columns(count):
    rng = np.random.default_rng(0)
    words = [
        None if i % 7 == 0 else f"b{i}:deletion" * (i % 5) for i in rng.integers(0, 999, count)
    ]
    return pa.table(
        {
            "text": pa.array(words),
            "large": pa.array(words, pa.large_string()),
            "bytes": pa.array([None if word is None else word.encode() for word in words]),
            "category": pa.array(words).dictionary_encode(),
            "number": rng.random(count),
            "whole": rng.integers(0, 9, count),
            "truth": rng.random(count) < 0.5,
            "nested": [[1]] * count,
        }
    )


@pytest.mark.parametrize(
    "how",
    [{}, {"use_dictionary": False}, {"dictionary_pagesize_limit": 512}, {"row_group_size": 1000}],
    ids=["dictionaries", "none", "full ones", "groups"],
)
def test_what_is_read_is_what_was_written(batches, how):
    written = columns(5000)
    assert pa.Table.from_batches(batches(written, **how)).to_pydict() == written.to_pydict()


def test_a_repeated_text_is_written_out_in_parts(batches):
    before = pa.total_allocated_bytes()
    rows = most = 0
    for batch in batches(run_of("genes", "a" * MIB, 1000)):
        rows += batch.num_rows
        most = max(most, pa.total_allocated_bytes() - before)
    assert rows == 1000
    assert most < 200 * MIB


def test_a_long_row_is_named(batches):
    words = ["a"] * 10 + ["a" * (5 * MIB)]
    with pytest.raises(BadTableError, match="row 11: the texts of the row are longer") as caught:
        list(batches(pa.table({"genes": words})))
    assert caught.value.offenders[0].row == 11


def test_texts_are_not_more_than_so_small_a_file_can_say(batches, monkeypatch):
    monkeypatch.setattr(repeated_texts, "ALWAYS_BYTES", MIB)
    assert list(batches(run_of("genes", "a" * 1000, 1000)))
    with pytest.raises(BadTableError, match="are more than 1,032 times its bytes"):
        list(batches(run_of("genes", "a" * 1000, 10_000)))


def test_a_place_outside_the_dictionary_is_damage(batches):
    body = run_of("genes", "ab", 5)
    # The run of each column repeats place 0; these say place 1 of a dictionary of one.
    run = b"\x01\x0a\x00"
    assert body.count(run) == 2
    with pytest.raises(BadTableError, match="damaged"):
        list(batches(body.replace(run, b"\x01\x0a\x01", 1)))
