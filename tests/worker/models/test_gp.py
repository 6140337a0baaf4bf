"""The Gaussian process against scikit-learn's, its gradient, and laws of the posterior."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

from tests.worker.models.rows import Rows, random_rows
from worker.models.gp import _BOUNDS, _START, _products, fit_gp, negative_log_likelihood


def peer(log_parameters):
    bias, linear, rough, length, noise = np.exp(log_parameters)
    dot = ConstantKernel(linear, "fixed") * DotProduct(np.sqrt(bias / linear), "fixed")
    smooth = ConstantKernel(rough, "fixed") * RBF(length, "fixed")
    kernel = dot + smooth + WhiteKernel(noise, "fixed")
    return GaussianProcessRegressor(kernel, alpha=1e-10, optimizer=None)


@pytest.mark.parametrize("levels", [False, True])
def test_it_predicts_what_scikit_learn_predicts(levels):
    rows = random_rows(90, levels=levels)
    model = fit_gp(rows.rows)
    theirs = peer(model.log_parameters).fit(rows.rows.matrix().toarray(), rows.labels)
    asked = random_rows(50, levels=levels, seed=4).designs
    expected = theirs.predict(rows.index.matrix(asked).toarray())
    np.testing.assert_allclose(model.predict(rows.index.encode(asked)), expected, rtol=1e-9)


def test_the_likelihood_is_scikit_learns_and_its_gradient_its_slope():
    rows = random_rows(40, levels=True)
    products = _products(rows.rows.matrix(), rows.rows.matrix())
    arguments = (*products, rows.labels, np.ones(40))
    rng = np.random.default_rng(0)
    for shift in (np.zeros(5), rng.normal(size=5), rng.normal(size=5)):
        at = _START + shift
        theirs = peer(at).fit(rows.rows.matrix().toarray(), rows.labels)
        value, slope = negative_log_likelihood(at, *arguments)
        assert value == pytest.approx(-theirs.log_marginal_likelihood_value_, rel=1e-9)
        error = check_grad(
            lambda x: negative_log_likelihood(x, *arguments)[0],
            lambda x: negative_log_likelihood(x, *arguments)[1],
            at,
        )
        assert error < 1e-4 * max(1.0, float(np.linalg.norm(slope)))


def test_selection_ends_where_the_likelihood_is_flat_or_at_a_bound():
    rows = random_rows(120)
    found = fit_gp(rows.rows).log_parameters
    products = _products(rows.rows.matrix(), rows.rows.matrix())
    _, slope = negative_log_likelihood(found, *products, rows.labels, np.ones(120))
    low, high = np.array(_BOUNDS).T
    inner = (found > low + 1e-6) & (found < high - 1e-6)
    assert inner.any()
    assert np.abs(slope[inner]).max() < 0.1


def test_two_equal_rows_count_as_one_of_twice_the_weight():
    once = Rows(["", "a", "b", "ab"], [0.0, 1.0, 2.0, 2.5], weights=[1, 1, 1, 2])
    twice = Rows(["", "a", "b", "ab", "ab"], [0.0, 1.0, 2.0, 2.5, 2.5])
    fixed = np.log([1.0, 0.5, 0.5, 2.0, 0.1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.models.gp._select", lambda _: fixed)
        answers = [x.ask(fit_gp(x.rows), "a", "abc", "c") for x in (once, twice)]
    np.testing.assert_allclose(*answers, rtol=1e-7)


def test_rows_beyond_the_limit_are_drawn_by_the_seed():
    rows = random_rows(80, seed=1)
    model = fit_gp(rows.rows, max_rows=30, max_selection_rows=20)
    assert len(model.coefficient_N) == 30
    again = fit_gp(rows.rows, max_rows=30, max_selection_rows=20)
    np.testing.assert_array_equal(model.coefficient_N, again.coefficient_N)


@pytest.mark.parametrize("labels", [[2.0], [2.0, 2.0, 2.0]])
def test_one_row_and_equal_labels_are_predicted_as_they_are(labels):
    rows = Rows(["a", "ab", ""][: len(labels)], labels)
    assert rows.ask(fit_gp(rows.rows), "a") == pytest.approx(2.0, rel=0.1)
