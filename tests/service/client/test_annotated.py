"""AnnData as an upload: its observations or its variables, with their index, as one table."""

import io
from types import SimpleNamespace

import anndata
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from service.client.frames import parquet_of
from service.contract.errors import InvalidArgumentError
from tests.service.client.conftest import SPEC, table

OBS = {"titer": [1.5, np.nan, 3.0], "cycle": pd.Categorical(["a", None, "b"])}
NAMES = ["PP_0001", "PP_0002", ""]


def annotated(columns=OBS, names=NAMES, *, index=None, part="obs"):
    """What has the shape of an AnnData: two frames, of which one is of interest."""
    parts = {"obs": pd.DataFrame({"y": [1.0]}), "var": pd.DataFrame(index=["b0001"])}
    return SimpleNamespace(**parts | {part: frame(columns, names, index)})


def frame(columns, names, index=None):
    return pd.DataFrame(columns, index=pd.Index(names, name=index))


def sent(table, part="obs"):
    return pq.read_table(io.BytesIO(parquet_of(table, part)))


@pytest.mark.parametrize(
    ("index", "columns", "called"),
    [
        ("design", OBS, "design"),
        (None, OBS, "index"),
        (None, {**OBS, "index": [3, 2, 1]}, "_index"),
        (7, OBS, "7"),
    ],
)
def test_the_index_is_the_first_column(index, columns, called):
    rows = sent(annotated(columns, index=index))
    assert rows.column_names == [called, *columns]
    assert rows[called].to_pylist() == NAMES
    assert rows["titer"].to_pylist()[::2] == [1.5, 3.0]


@pytest.mark.parametrize("categories", [["a", "b"], [1, 2], [0.5, 1.5], [False, True]])
def test_categories_are_their_values(categories):
    column = pd.Categorical.from_codes([1, -1, 0], categories)
    rows = sent(annotated({"x": column}))
    assert rows["x"].to_pylist() == [categories[1], None, categories[0]]


def test_a_gene_table_is_of_the_variables():
    genes = annotated({"length": [3, 4]}, ["b0001", "b0002"], index="locus", part="var")
    rows = sent(genes, "var")
    assert rows.to_pydict() == {"locus": ["b0001", "b0002"], "length": [3, 4]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (annotated({"titer": []}, []), "obs of the AnnData has no row"),
        (annotated(index="titer"), "with its index titer.* the name titer: rename one"),
        (annotated({"x": [1, "a", 2.0]}), "cannot be sent: .*column x"),
        (
            SimpleNamespace(obs=frame(OBS, NAMES).set_axis(["a", "a"], axis=1), var=None),
            "the name a: rename one, or the index by adata.obs.index.name",
        ),
        (SimpleNamespace(obs={"x": [1]}, var=None), "is a dict, .*: load it into memory"),
    ],
)
def test_what_is_no_table_is_refused(given, told):
    with pytest.raises(InvalidArgumentError, match=told):
        parquet_of(given)


def test_a_frame_with_columns_of_these_names_is_a_frame():
    rows = sent(pd.DataFrame({"obs": [1], "var": [2]}))
    assert rows.to_pydict() == {"obs": [1], "var": [2]}


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # anndata is older than pandas
def test_an_anndata_is_uploaded(client, dataset):
    designs = pd.read_csv(io.BytesIO(table()), sep="\t", keep_default_na=False)
    designs = designs.set_index("genotype").astype({"cycle": "category"})
    adata = anndata.AnnData(obs=designs)
    made = client.datasets.upload(adata, SPEC, name="annotated")
    assert made.profile == dataset.profile
    view = client.datasets.upload(adata[adata.obs["titer"] > 0], SPEC)
    assert view.profile == dataset.profile
