"""Conditions: a model has one value of each, and what it says of itself and its scores names it."""

import numpy as np
import pytest

from service.contract.datasets import CovariateColumn
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import random_designs, write_table
from worker.data.table import read_table
from worker.training.conditions import one_condition_each

MEDIUM = CovariateColumn(name="medium", role="condition")
CYCLE = CovariateColumn(name="cycle", role="batch")


@pytest.fixture
def table(tmp_path):
    columns = {"medium": ["LB", "M9", "M9", None], "cycle": ["1", "1", "2", "2"]}
    return read_table(
        write_table(
            tmp_path / "t",
            random_designs(4),
            label__titer=np.arange(4.0),
            **{f"covariate__{name}": values for name, values in columns.items()},
        )
    )


def test_the_value_is_that_of_the_training_rows(table):
    rows_N = np.array([False, True, True, False])
    (condition,) = one_condition_each(table, rows_N, [MEDIUM, CYCLE])
    assert (condition.name, condition.value) == ("medium", "M9")
    assert one_condition_each(table, rows_N, [CYCLE]) == ()


def test_two_values_are_refused(table):
    with pytest.raises(InvalidArgumentError, match="medium is a condition with 2 values"):
        one_condition_each(table, np.array([True, True, True, False]), [MEDIUM])


@pytest.mark.parametrize("rows", [[2, 3], [3]])
def test_rows_without_a_value_are_told_and_none_is_assumed(table, rows):
    with pytest.raises(InvalidArgumentError, match=rf"medium is a .*, and 1 of {len(rows)} rows"):
        one_condition_each(table, np.isin(np.arange(4), rows), [MEDIUM])
