"""Files put together: the same rows as pyarrow reads from the parts, in bounded memory."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.scoring.splice import splice
from worker.scoring.thrift import read_struct, struct_bytes


def table(count, seed=0):
    """Columns of every shape that a result may have."""
    draw = np.random.default_rng(seed)
    text = pa.array(
        [None if i % 7 == 3 else f"g{i % 5}:deletion" for i in range(count)], pa.string()
    )
    return pa.table(
        {
            "genotype": text,
            "mean": draw.normal(size=count),
            "flag": pa.array((draw.random(count) > 0.5), pa.bool_()),
            "source": text.dictionary_encode(),
            "list": pa.array([[i] * (i % 3) for i in range(count)], pa.list_(pa.int32())),
        }
    ).replace_schema_metadata({"model": "m" * 100})


def spliced(paths, target):
    with target.open("wb") as file:
        return splice(paths, file.write)


OPTIONS = [
    {},
    {"write_page_index": True, "compression": "zstd", "data_page_version": "2.0"},
    {"use_dictionary": False, "use_byte_stream_split": ["mean"], "store_schema": False},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_parts_become_one_file_with_all_rows_in_order(tmp_path, options):
    paths, tables = [], []
    for i, count in enumerate((1000, 1, 0, 2500)):
        paths.append(tmp_path / f"{i}.parquet")
        tables.append(table(count, seed=i))
        pq.write_table(tables[-1], paths[-1], row_group_size=700, **options)
    assert spliced(paths, tmp_path / "all.parquet") == 3501
    whole = pq.ParquetFile(tmp_path / "all.parquet")
    expected = pa.concat_tables(pq.read_table(path) for path in paths)
    assert whole.read().equals(expected)
    assert whole.metadata.num_rows == 3501
    assert whole.metadata.num_row_groups == sum(
        pq.ParquetFile(path).metadata.num_row_groups for path in paths
    )
    sizes = [whole.read_row_group(i).num_rows for i in range(whole.metadata.num_row_groups)]
    assert [size for size in sizes if size] == [700, 300, 1, 700, 700, 700, 400]
    assert whole.schema_arrow.metadata == pq.read_schema(paths[0]).metadata
    filtered = pq.read_table(tmp_path / "all.parquet", filters=pc.field("mean") > 1)  # page indexes
    assert filtered.equals(expected.filter(pc.field("mean") > 1))


def test_duckdb_reads_it_too(tmp_path):
    import duckdb

    for i in range(20):  # more row groups than fit into a short list's head
        pq.write_table(table(50, seed=i), tmp_path / f"{i:02}.parquet")
    spliced(sorted(tmp_path.glob("*.parquet")), tmp_path / "all.parquet")
    ((count, total),) = duckdb.sql(
        f"select count(*), sum(mean) from '{tmp_path / 'all.parquet'}'"  # noqa: S608
    ).fetchall()
    assert (count, total) == (
        1000,
        pytest.approx(sum(table(50, seed=i)["mean"].to_numpy().sum() for i in range(20))),
    )


def test_what_is_no_part_is_refused(tmp_path):
    good, other, cut = (tmp_path / name for name in ("good", "other", "cut"))
    pq.write_table(table(10), good)
    pq.write_table(table(10).select(["mean"]), other)
    cut.write_bytes(good.read_bytes()[:-20])
    with pytest.raises(ValueError, match="other has another schema than good"):
        spliced([good, other], tmp_path / "all")
    with pytest.raises(ValueError, match="cut is no whole Parquet file"):
        spliced([cut], tmp_path / "all")
    with pytest.raises(ValueError, match="nothing"):
        spliced([], tmp_path / "all")


@given(st.integers(1, 40), st.integers(1, 5))
def test_a_footer_is_written_as_it_was_read(rows, columns):
    sink = pa.BufferOutputStream()
    names = {f"c{i}": np.arange(rows) * -1.5 for i in range(columns)}
    pq.write_table(pa.table(names), sink, row_group_size=3, write_page_index=True)
    content = sink.getvalue().to_pybytes()
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8]
    assert struct_bytes(read_struct(footer)) == footer


def test_a_footer_that_is_cut_off_is_refused():
    with pytest.raises(ValueError, match="cut off"):
        read_struct(b"\x18\x0fabc")
