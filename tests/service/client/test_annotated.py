"""AnnData: uploaded, its observations or its variables as one table; and scored."""

import io
from types import SimpleNamespace

import anndata
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from service.client.frames import observed_designs, parquet_of
from service.contract.errors import InvalidArgumentError, UnknownEditsError
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


def observed(designs, *, index=None, column="perturbation"):
    """Cells of some designs, in the form that anndata has them: categories."""
    obs = {"batch": [1] * len(designs), column: pd.Categorical(designs)}
    names = [f"cell{number}" for number in range(len(designs))]
    return SimpleNamespace(obs=pd.DataFrame(obs, index=pd.Index(names, name=index)), var=None)


CELLS = ["PP_0001:knockdown", "", "PP_0003:knockdown+PP_0002:knockdown", "", "PP_0001:knockdown"]


@pytest.mark.slow
@pytest.mark.parametrize(("column", "named"), [("perturbation", "perturbation"), ("Design", None)])
def test_scores_of_an_anndata_are_those_of_its_observations(model, column, named):
    adata = observed(CELLS, column=column)
    scores = model.score(adata, ["mean"], column=named)
    answer = model.score(CELLS)
    assert list(scores.index) == list(adata.obs.index)
    assert list(scores["genotype"]) == answer.genotypes
    assert list(scores["titer.mean"]) == pytest.approx(answer.labels[0].mean)
    assert set(scores.columns) == {"genotype", "titer.mean"}


@pytest.mark.slow
def test_a_design_is_scored_once_however_many_observations_have_it(model):
    scores = model.score(observed(CELLS * 4000), column="perturbation")
    assert len(scores) == 20_000
    assert scores.iloc[:5]["titer.mean"].tolist() == scores.iloc[-5:]["titer.mean"].tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_the_index_of_observations_may_be_their_designs(model):
    adata = anndata.AnnData(obs=pd.DataFrame({"y": [1, 2]}, index=["PP_0001:knockdown", ""]))
    scores = model.score(adata[::-1], column="index")
    assert list(scores.index) == list(scores["genotype"]) == ["", "PP_0001:knockdown"]


@pytest.mark.parametrize(
    ("adata", "column", "told"),
    [
        (observed(CELLS), None, "no column genotype, design, edits, perturbations, or several"),
        (observed(CELLS), "guide", "no column guide, .*it has index, batch"),
        (observed([*CELLS, None]), "perturbation", "is missing in 1 of 6 rows"),
        (observed([]), "perturbation", "has no row"),
    ],
)
def test_an_anndata_without_designs_is_refused(adata, column, told):
    with pytest.raises(InvalidArgumentError, match=told):
        observed_designs(adata, column)


@pytest.mark.slow
def test_a_design_that_is_unknown_is_named(model):
    with pytest.raises(InvalidArgumentError, match="include is not of an AnnData"):
        model.score(observed(CELLS), column="perturbation", include=["z"])
    with pytest.raises(UnknownEditsError) as caught:
        model.score(observed(["", "PP_9:knockdown"]), column="perturbation")
    assert caught.value.offenders[0].value == "PP_9:knockdown"
