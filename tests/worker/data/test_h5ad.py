"""Uploaded .h5ad files: what AnnData writes is read; what somebody made of one is refused."""

from contextlib import closing

import anndata
import h5py
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

from service.contract.errors import BadTableError
from service.contract.genes import GeneTableSpec, NetworkSpec
from tests.worker.data import h5ad_files
from tests.worker.data.h5ad_files import BAD, GOOD, MIB, write, write_bad, write_old
from tests.worker.data.peaks import peak_of_reading
from worker.data.gene_table_ingest import ingest_genes
from worker.data.h5ad_frame import find_columns, open_frame
from worker.data.h5ad_reading import MAX_TEXT_BYTES, read_batches
from worker.data.h5ad_upload import MAX_READING_BYTES
from worker.data.sources import open_table
from worker.data.whole_table import Watch, read_whole

OLDER_THAN_PANDAS = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "upload"


def read(path, part="obs"):
    """All cells, read in this process."""
    with h5py.File(path, "r") as file:
        frame = open_frame(file, part)
        columns = find_columns(frame, list(frame.members))
        return pa.Table.from_batches(read_batches(columns, frame.row_count)).to_pydict()


PACKINGS = {
    "none": {},
    "chunks": {"chunks": (2,)},
    "gzip": {"chunks": (2,), "compression": "gzip"},
    "lzf": {"chunks": (2,), "compression": "lzf"},
    "shuffled": {"chunks": (2,), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "checked": {"chunks": (2,), "fletcher32": True},
    "checked lzf": {"chunks": (2,), "compression": "lzf", "fletcher32": True},
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_numbers_texts_and_categories_are_read(path, packing):
    columns = {
        **GOOD,
        "b": [True, False, True],
        "small": np.array([1, 2, 3], ">u2"),
        "half": np.array([0.5, 1, 2], "f2"),
        "n": ([1, -1, 0], [0.5, 2.0]),
    }
    found = read(write(path, columns, **PACKINGS[packing]))
    assert next(iter(found)) == "index"
    assert found == {
        "index": ["a", "b", "c"],
        "y": [1.0, 2.0, 3.0],
        "c": ["x", "z", "x"],
        "b": [True, False, True],
        "small": [1, 2, 3],
        "half": [0.5, 1.0, 2.0],
        "n": [2.0, None, 0.5],
    }


@pytest.mark.parametrize(
    ("index", "others", "called"),
    [("_index", {}, "index"), ("strain", {}, "strain"), ("_index", {"index": [3, 2, 1]}, "_index")],
)
def test_the_index_is_the_first_column(path, index, others, called):
    found = read(write(path, {index: ["a", "b", "c"], **others}, index=index))
    assert list(found) == [called, *others]


def test_values_that_may_be_absent(path):
    write(path, GOOD)
    with h5py.File(path, "a") as file:
        for name, values in {"integer": [1, 2, 3], "boolean": [True, False, True]}.items():
            group = file["obs"].create_group(name)
            h5ad_files.encode(group, f"nullable-{name}", "0.1.0")
            group["values"], group["mask"] = values, [False, True, False]
    found = read(path)
    assert (found["integer"], found["boolean"]) == ([1, None, 3], [True, None, True])


def test_a_frame_of_version_0_1(path):
    columns = {"index": ["a", "b", "c"], "y": [1.0, 2.0, 3.0], "c": np.array([1, 0, -1], "i1")}
    found = read(write_old(path, columns, {"c": ["x", "z"]}))
    assert found == {**columns, "c": ["z", "x", None]}


def test_rows_come_in_batches_of_bounded_size(path):
    texts = ["t" * (MAX_TEXT_BYTES // 4)] * 600
    write(path, {"_index": texts, "y": np.arange(600.0)}, compression="gzip", chunks=(100,))
    with h5py.File(path, "r") as file:
        frame = open_frame(file, "obs")
        batches = list(read_batches(find_columns(frame, ["index", "y"]), frame.row_count))
    assert max(batch.nbytes for batch in batches[1:]) < 40 * MIB
    assert pa.Table.from_batches(batches)["y"].to_pylist() == list(range(600))


@pytest.mark.parametrize("name", BAD)
def test_what_somebody_made_of_one_is_refused(path, name):
    with pytest.raises(BadTableError, match=BAD[name][1]):
        read(write_bad(path, name))


def test_a_text_may_be_so_long(path):
    assert read(write(path, {"_index": ["t" * MAX_TEXT_BYTES]}))["index"] == ["t" * MAX_TEXT_BYTES]
    with pytest.raises(BadTableError, match="obs/_index has in row 2 a text of more than 1,048,57"):
        read(write(path, {"_index": ["a", "t" * (MAX_TEXT_BYTES + 1)]}))


def opened(path, part="obs"):
    """The table that ingest opens, which another process reads."""
    return closing(open_table(path, "auto", part=part))


def test_another_process_reads_what_is_asked_for(path):
    write(path, GOOD)
    with opened(path) as table:
        assert (table.columns, table.fraction) == (["index", "c", "y"], 0.0)
        (batch,) = table.batches(["y", "c"])
        assert (table.fraction, batch.rows.tolist()) == (1.0, [1, 2, 3])
    told = {name: column.to_pylist() for name, column in batch.columns.items()}
    assert told == {"y": [1.0, 2.0, 3.0], "c": ["x", "z", "x"]}


def test_what_it_refuses_names_the_column(path):
    write_bad(path, "bytes of no type")
    with opened(path) as table, pytest.raises(BadTableError) as caught:
        list(table.batches(["index", "y"]))
    assert [one.column for one in caught.value.offenders] == ["y"]


def test_it_has_no_secrets_and_leaves_no_process(path, monkeypatch):
    for name in ("CELLGEBRA_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "OTEL_EXPORTER_OTLP_HEADERS"):
        monkeypatch.setenv(name, "a secret")
    write(path, GOOD)
    with opened(path) as table:
        process = psutil.Process(table._process.pid)
        environment = process.environ()
    assert "a secret" not in environment.values()
    assert environment["HDF5_PLUGIN_PRELOAD"] == "::"
    assert not process.is_running()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-100],
        lambda content: content[:600],
        lambda content: content[:8] + bytes(4096),
    ],
)
def test_a_file_that_is_cut_off_is_refused(path, change):
    path.write_bytes(change(write(path, GOOD).read_bytes()))
    with pytest.raises(BadTableError, match="cut off or damaged"), opened(path) as table:
        list(table.batches(table.columns))


@pytest.mark.slow
def test_a_text_that_every_row_shares_meets_the_bound_on_memory(path):
    write(path, {"_index": [str(place) for place in range(4000)]})
    h5ad_files.share_a_text(path, "_index", 4000, 16 * MIB)
    peak_bytes, told = peak_of_reading(path, "index")
    assert "unpacks to more than 1024 MiB" in told
    assert peak_bytes < 1.5 * MAX_READING_BYTES


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_bytes_changed_is_read_or_refused(path, seed):
    write(path, {**GOOD, "t": ["u", "v", "w"]}, chunks=(2,), compression="gzip")
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(seed)
    for place in noise.integers(8, len(content), 40):
        content[place] = noise.integers(256)
    path.write_bytes(content)
    try:
        with opened(path) as table:
            list(table.batches(table.columns))
    except BadTableError as error:
        assert "h5ad" in error.detail or "HDF5" in error.detail  # noqa: PT017 - or none


WATCH = Watch(lambda _: None, lambda: False)


def test_a_gene_table_is_of_the_variables(path, tmp_path):
    write(path, {"locus": ["b1", "b2"], "length": [3, 4]}, index="locus", part="var")
    profile = ingest_genes(path, GeneTableSpec(), tmp_path / "genes.parquet", WATCH)
    assert (profile.locus_count, profile.feature_names) == (2, ["length"])


def test_edges_are_in_no_such_file(path):
    write(path, GOOD)
    spec = NetworkSpec()
    with pytest.raises(BadTableError, match="in which no edges are: send TSV or Parquet"):
        read_whole(path, spec.format, list, WATCH)


@pytest.mark.parametrize("file_format", ["tsv", "csv"])
def test_a_format_that_it_is_not(path, file_format):
    write(path, GOOD)
    with pytest.raises(BadTableError, match=f"HDF5 .*, not {file_format}: leave the format out"):
        open_table(path, file_format)


def test_designs_are_ingested(ingest, simple_spec, path):
    columns = {"genes": ["a+b", "a", ""], "y": [0.5, 0.75, 1.0]}
    profile = ingest(write(path, columns, index="genes").read_bytes(), simple_spec).profile
    assert profile.row_count == 3
    assert ingest.column("genotype") == ["a:deletion+b:deletion", "a:deletion", ""]
    assert ingest.column("label.y") == columns["y"]


@OLDER_THAN_PANDAS
def test_what_anndata_writes_is_read(path):
    with pd.option_context("future.infer_string", False):  # AnnData cannot write pandas' new texts
        columns = {
            "titer": [1.5, np.nan, 3.0],
            "medium": pd.Categorical(["LB", None, "M9"]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "is_control": pd.array([True, None, False], dtype="boolean"),
            "note": ["u", "v", ""],
        }
        obs = pd.DataFrame(columns, index=["s1", "s2", "s3"])
        anndata.AnnData(X=np.zeros((3, 2)), obs=obs).write_h5ad(path, compression="gzip")
    found = read(path)
    assert found.pop("titer")[::2] == [1.5, 3.0]
    assert found == {
        "index": ["s1", "s2", "s3"],
        "medium": ["LB", None, "M9"],
        "count": [1, None, 3],
        "is_control": [True, None, False],
        "note": ["u", "v", ""],
    }
