"""The Gaussian process against scikit-learn's, its gradient, and laws of the posterior."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel

from service.contract.designs import parse_genotype
from tests.worker.models.rows import Rows, random_rows
from worker.models.gp import fit_gp, negative_log_likelihood
from worker.models.set_kernel import BOUNDS, NAMES, PLAIN, START, covariance, products


def at(**changes):
    """Parameters by name; the rest at the start."""
    values = dict(zip(NAMES, START, strict=True)) | changes
    return np.array([values[name] for name in NAMES])


def peer(parameters):
    named = dict(zip(NAMES, np.exp(parameters), strict=True))
    bias, linear, rough, length, noise = (
        named[name] for name in ("bias", "linear", "rough", "length", "noise")
    )
    dot = ConstantKernel(linear, "fixed") * DotProduct(np.sqrt(bias / linear), "fixed")
    smooth = ConstantKernel(rough, "fixed") * RBF(length, "fixed")
    kernel = dot + smooth + WhiteKernel(noise, "fixed")
    return GaussianProcessRegressor(kernel, alpha=1e-10, optimizer=None)


@pytest.mark.parametrize("levels", [False, True])
def test_it_predicts_what_scikit_learn_predicts(levels):
    rows = random_rows(90, levels=levels)
    model = fit_gp(rows.rows, sizes=False)
    theirs = peer(model.parameters).fit(rows.rows.matrix().toarray(), rows.labels)
    asked = random_rows(50, levels=levels, seed=4).designs
    expected = theirs.predict(rows.index.matrix(asked).toarray())
    np.testing.assert_allclose(model.predict(rows.index.encode(asked)), expected, rtol=1e-9)


def test_the_likelihood_of_the_plain_kernel_is_scikit_learns():
    rows = random_rows(40, levels=True)
    of = products(rows.rows.matrix(), rows.rows.matrix())
    rng = np.random.default_rng(0)
    for shift in (np.zeros(9), rng.normal(size=9), rng.normal(size=9)):
        plain = at(**PLAIN) + shift * np.isin(NAMES, list(PLAIN), invert=True)
        theirs = peer(plain).fit(rows.rows.matrix().toarray(), rows.labels)
        value, _ = negative_log_likelihood(plain, of, rows.labels, np.ones(40))
        assert value == pytest.approx(-theirs.log_marginal_likelihood_value_, rel=1e-9)


def test_its_gradient_is_its_slope():
    rows = random_rows(40, levels=True)
    arguments = (products(rows.rows.matrix(), rows.rows.matrix()), rows.labels, np.ones(40))
    rng = np.random.default_rng(0)
    for shift in (np.zeros(9), rng.normal(size=9), rng.normal(size=9)):
        _, slope = negative_log_likelihood(START + shift, *arguments)
        error = check_grad(
            lambda x: negative_log_likelihood(x, *arguments)[0],
            lambda x: negative_log_likelihood(x, *arguments)[1],
            START + shift,
        )
        assert error < 1e-4 * max(1.0, float(np.linalg.norm(slope)))


def test_selection_ends_where_likelihood_and_prior_are_flat_or_at_a_bound():
    rows = random_rows(120)
    found = fit_gp(rows.rows).parameters
    of = products(rows.rows.matrix(), rows.rows.matrix())
    _, slope = negative_log_likelihood(found, of, rows.labels, np.ones(120))
    low, high = BOUNDS.T
    inner = (found > low + 1e-6) & (found < high - 1e-6)
    assert inner.sum() >= 4
    assert np.abs((slope + (found - START) / 4.0)[inner]).max() < 0.1


def test_the_kernel_by_hand():
    rows = Rows(["", "a", "ab", "abc"], [0.0] * 4)
    matrix = rows.rows.matrix()
    of = products(matrix[[0, 1, 2]], matrix[[0, 3]])
    assert of.dot.tolist() == [[0, 0], [0, 1], [0, 2]]
    assert of.distance.tolist() == [[0, 3], [1, 2], [2, 1]]
    np.testing.assert_allclose(of.overlap, [[1, 0], [0, 1 / 3], [0, 2 / 3]])
    np.testing.assert_allclose(np.exp(of.log_sizes), [[1, 3], [1, 3], [2, 6]])
    assert of.size_distance.tolist() == [[0, 9], [1, 4], [4, 1]]
    ones = at(bias=0, linear=0, saturation=0.5, rough=0, length=0, overlap=0, size=0, size_length=0)
    expected = 1 + 2 / 6**0.5 + np.exp(-0.5) + 2 / 3 + np.exp(-0.5)
    assert covariance(ones, of)[2, 1] == pytest.approx(expected)


@pytest.mark.parametrize("levels", [False, True])
def test_the_kernel_is_a_covariance_for_any_parameters(levels):
    matrix = random_rows(60, levels=levels).rows.matrix()
    of = products(matrix, matrix)
    rng = np.random.default_rng(1)
    for _ in range(5):
        gram = covariance(rng.uniform(*BOUNDS.T), of)
        np.testing.assert_allclose(gram, gram.T)
        values = np.linalg.eigvalsh(gram)
        assert values[0] > -1e-9 * values[-1]


def test_an_edit_of_little_effect_is_nearly_none():
    designs = [
        "a:knockdown@0.2",
        "a:knockdown@0.2+b:knockdown@0.999999",
        "",
        "b:knockdown@0.999999",
    ]
    matrix = Rows(designs, [0.0] * 4).rows.matrix()
    gram = covariance(at(saturation=2.0, overlap=-50.0), products(matrix, matrix))
    np.testing.assert_allclose(gram[[0, 2]], gram[[1, 3]], rtol=1e-4)


def test_it_learns_that_effects_saturate_with_the_number_of_edits():
    # Each edit is as good as any other, a second one adds half, a third nothing.
    def levels(designs):
        return [[0.0, 1.0, 1.5, 1.5][len(design)] for design in designs]

    learned = ["", *"abcdefgh", "ab", "cd", "ef", "gh", "abc", "def"]
    rows = Rows(learned, levels(learned))
    asked = ["ac", "bd", "bcg", "fgh"]
    knows, plain = (rows.ask(fit_gp(rows.rows, sizes=s), *asked) for s in (True, False))
    errors = [np.abs(answer - levels(asked)).max() for answer in (knows, plain)]
    assert errors[0] < 0.01
    assert errors[1] > 0.02


def test_two_equal_rows_count_as_one_of_twice_the_weight():
    once = Rows(["", "a", "b", "ab"], [0.0, 1.0, 2.0, 2.5], weights=[1, 1, 1, 2])
    twice = Rows(["", "a", "b", "ab", "ab"], [0.0, 1.0, 2.0, 2.5, 2.5])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.models.gp._select", lambda _, **__: START)
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


@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize("sizes", [False, True])
def test_many_designs_at_once_are_read_as_few(levels, sizes):
    rows = random_rows(60, levels=levels, seed=3)
    model = fit_gp(rows.rows, sizes=sizes)
    few = [parse_genotype(""), *random_rows(299, levels=levels, seed=8).designs]
    alone = model.predict(rows.index.encode(few))
    many = model.predict(rows.index.encode(few * 2))
    np.testing.assert_allclose(many, np.tile(alone, 2), rtol=1e-11, atol=1e-13)
