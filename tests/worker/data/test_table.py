"""Reading the canonical table."""

import math

import numpy as np
import pyarrow as pa

from tests.worker.tables import write_table
from worker.data.table import read_table


def test_rows_point_at_distinct_designs(tmp_path):
    genotypes = ["a:deletion", "", "b:deletion+a:deletion", "a:deletion"]
    path = write_table(tmp_path / "t", genotypes, label__y=[1.0, 2.0, None, 4.0])
    table = read_table(path)
    texts = [table.designs[k].genotype for k in table.design_N]
    assert texts == ["a:deletion", "", "a:deletion+b:deletion", "a:deletion"]
    assert len(table.designs) == 3
    assert table.is_control_N.tolist() == [False, True, False, False]
    assert table.labels["y"][:2].tolist() == [1.0, 2.0]
    assert math.isnan(table.labels["y"][2])


def test_codes_do_not_depend_on_the_order_of_rows_and_missing_is_minus_one(tmp_path):
    values = ["x", None, "b", "x"]
    columns = {"covariate__plate": pa.array(values), "build": pa.array(values)}
    table = read_table(write_table(tmp_path / "t", [""] * 4, **columns))
    plate = table.covariates["plate"]
    assert plate.values == ("b", "x")
    assert plate.code_N.tolist() == [1, -1, 0, 1]
    assert table.build_N.tolist() == [1, -1, 0, 1]
    assert plate.where(("x",)).tolist() == [True, False, False, True]


def test_an_empty_table_has_no_rows(tmp_path):
    table = read_table(write_table(tmp_path / "t", [], label__y=np.array([], float)))
    assert len(table) == 0
    assert table.designs == ()
