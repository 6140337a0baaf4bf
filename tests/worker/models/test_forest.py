"""Our reading of a forest against scikit-learn's."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from tests.worker.models.rows import Rows, random_rows
from worker.models.forest import fit_forest


@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"max_depth": 3, "min_samples_leaf": 4, "max_features": 0.5}]
)
def test_it_reads_what_scikit_learn_reads_to_the_bit(levels, options):
    rows = random_rows(150, levels=levels, seed=5)
    model = fit_forest(rows.rows, trees=30, **options)
    theirs = RandomForestRegressor(30, random_state=5, **options)
    theirs.fit(rows.rows.matrix(), rows.labels)
    asked = random_rows(80, levels=levels, seed=9).designs
    batch = rows.index.encode(asked)
    np.testing.assert_array_equal(model.predict(batch), theirs.predict(rows.index.matrix(asked)))


def test_weights_are_scikit_learns():
    rows = random_rows(60)
    weights = np.random.default_rng(0).uniform(0.5, 2, 60)
    weighted = Rows([d.genotype for d in rows.designs], rows.labels, weights)
    theirs = RandomForestRegressor(10, random_state=0)
    theirs.fit(rows.rows.matrix(), rows.labels, sample_weight=weights)
    ours = fit_forest(weighted.rows, trees=10).predict_sets(rows.rows.sets)
    np.testing.assert_array_equal(ours, theirs.predict(rows.rows.matrix()))


def test_it_grows_on_as_many_rows_as_it_is_given():
    rows = random_rows(100)
    few = fit_forest(rows.rows, trees=5, max_rows=10)
    assert len(few.left_N) <= 5 * (2 * 10 - 1)
    missing = rows.labels.copy()
    missing[10:] = np.nan
    part = Rows([d.genotype for d in rows.designs], missing)
    first = Rows([d.genotype for d in rows.designs[:10]], rows.labels[:10])
    np.testing.assert_array_equal(
        fit_forest(part.rows, trees=5).value_N, fit_forest(first.rows, trees=5).value_N
    )


def test_one_observation_is_a_forest_of_roots():
    rows = Rows(["a"], [3.0])
    np.testing.assert_array_equal(rows.ask(fit_forest(rows.rows, trees=4), "", "ab"), 3.0)


@pytest.mark.parametrize("depth", [None, 2])
def test_many_designs_at_once_are_read_to_the_bit(depth):
    rows = random_rows(200, levels=True, seed=3)
    model = fit_forest(rows.rows, trees=20, max_depth=depth)
    few = random_rows(300, levels=True, seed=8).designs
    alone = model.predict(rows.index.encode(few))
    many = model.predict(rows.index.encode(few * 2))
    np.testing.assert_array_equal(many, np.tile(alone, 2))
