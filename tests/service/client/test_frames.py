"""Frames of pandas and polars: uploaded, scored, and given back, against a running service."""

import io
import subprocess
import sys

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from service.client.frames import parquet_of
from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from tests.service.client.conftest import SPEC, table

pytestmark = pytest.mark.slow

DESIGNS = ["PP_0003:knockdown+PP_0007:knockdown", "", "PP_0001:knockdown"]
READ = {
    "pandas": lambda text: pd.read_csv(io.BytesIO(text), sep="\t", keep_default_na=False),
    "polars": lambda text: pl.read_csv(text, separator="\t").with_columns(
        pl.col("genotype").fill_null("")
    ),
}


@pytest.mark.parametrize("library", READ)
def test_a_frame_is_the_data_set_of_its_file(client, dataset, library):
    made = client.datasets.upload(READ[library](table()), SPEC, name=library)
    assert made.profile == dataset.profile
    assert made.name == library


def test_rows_that_were_chosen_bring_no_column_of_numbers():
    frame = pd.DataFrame({"genotype": ["a", "b", "c"], "y": [1.0, 2.0, 3.0]})
    sent = pq.read_table(io.BytesIO(parquet_of(frame[frame.y > 1])))
    assert sent.column_names == ["genotype", "y"]
    assert sent["y"].to_pylist() == [2.0, 3.0]


@pytest.mark.parametrize("library", [pd, pl])
def test_scores_of_a_frame_are_a_frame_of_its_library(model, library):
    scores = model.score(library.DataFrame({"design": DESIGNS, "id": [1, 2, 3]}))
    assert isinstance(scores, library.DataFrame)
    answer = model.score(DESIGNS)
    assert list(scores["genotype"]) == answer.genotypes
    assert list(scores["titer.mean"]) == answer.labels[0].mean


def test_an_answer_gives_the_columns_of_a_table(model):
    answer = model.score(DESIGNS)
    of_table = model.score(pd.DataFrame({"genotype": DESIGNS}))
    for frame in (answer.to_pandas(), answer.to_polars().to_pandas()):
        assert set(frame.columns) == set(of_table.columns)
        for name in of_table.columns:
            ours, theirs = (one[name].astype(object) for one in (frame, of_table))
            assert ours.where(ours.notna(), None).tolist() == (
                theirs.where(theirs.notna(), None).tolist()
            ), name


def test_a_handle_keeps_what_a_picture_needs(run, model):
    assert run.job.model_id in run._repr_html_()
    assert "<svg" in model._repr_html_()
    assert "<svg" in model.score(DESIGNS)._repr_html_()


def test_a_frame_without_designs_is_refused(model):
    with pytest.raises(InvalidArgumentError, match="no column genotype"):
        model.score(pl.DataFrame({"x": [""]}))


def test_conditions_are_not_of_tables(model):
    with pytest.raises(InvalidArgumentError, match="give genotypes as texts"):
        model.score(pl.DataFrame({"genotype": [""]}), conditions={"medium": "M9"})


def test_a_library_that_is_missing_is_named():
    code = (
        "import sys\nsys.modules['polars'] = None\nfrom service.client.frames import polars_frame\n"
        "try:\n    polars_frame({})\nexcept Exception as error:\n"
        "    print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kind, _, message = done.stdout.strip().partition(" ")
    assert (kind, message[-18:]) == (FailedPreconditionError.__name__, "pip install polars")
