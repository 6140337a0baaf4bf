"""Ridge in closed form against scikit-learn and literal leave-one-out refits."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge

from service.contract.designs import parse_genotype
from service.contract.latent_models import PerturbationSetSpec
from worker.models.additive import PENALTIES, fit_ridge
from worker.models.additive_start import start_from_ridge
from worker.models.encoding import EditIndex
from worker.models.perturbation_set import PerturbationSet


def problem(rows, edits, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((rows, edits)) * (rng.random((rows, edits)) < 0.3)
    y = x @ rng.normal(size=edits) + 2.0 + 0.3 * rng.normal(size=rows)
    return x, y, rng.uniform(0.5, 2.0, size=rows)


@pytest.mark.parametrize(("rows", "edits"), [(40, 6), (12, 30)])
def test_equals_scikit_learn_on_both_sides_of_the_gram_matrix(rows, edits):
    x, y, w = problem(rows, edits)
    ours = fit_ridge(csr_matrix(x), y, w, penalty=0.7)
    theirs = Ridge(alpha=0.7).fit(x, y, sample_weight=w)
    np.testing.assert_allclose(ours.weight_E, theirs.coef_, rtol=1e-7, atol=1e-9)
    assert ours.intercept == pytest.approx(theirs.intercept_)
    np.testing.assert_allclose(ours.predict(csr_matrix(x)), theirs.predict(x))


@pytest.mark.parametrize(("rows", "edits"), [(15, 4), (8, 20)])
def test_leave_one_out_error_equals_refits(rows, edits):
    x, y, w = problem(rows, edits)
    errors = [
        y[i]
        - Ridge(alpha=0.5)
        .fit(np.delete(x, i, 0), np.delete(y, i), sample_weight=np.delete(w, i))
        .predict(x[i : i + 1])[0]
        for i in range(rows)
    ]
    literal = np.sqrt(np.average(np.square(errors), weights=w))
    assert fit_ridge(csr_matrix(x), y, w, penalty=0.5).leave_one_out_rmse == pytest.approx(literal)


def test_selects_the_penalty_of_least_error():
    x, y, w = problem(30, 10)
    scores = {p: fit_ridge(csr_matrix(x), y, w, penalty=p).leave_one_out_rmse for p in PENALTIES}
    assert fit_ridge(csr_matrix(x), y, w).penalty == min(scores, key=scores.__getitem__)


def test_missing_labels_are_left_out_and_none_is_an_error():
    x, y, _ = problem(20, 4)
    y[[3, 7]] = np.nan
    kept = ~np.isnan(y)
    whole = fit_ridge(csr_matrix(x), y, penalty=1.0)
    part = fit_ridge(csr_matrix(x[kept]), y[kept], penalty=1.0)
    np.testing.assert_allclose(whole.weight_E, part.weight_E)
    with pytest.raises(ValueError, match="at least one label"):
        fit_ridge(csr_matrix(x), np.full(20, np.nan))


def test_without_any_edit_it_is_the_weighted_mean():
    fit = fit_ridge(csr_matrix((3, 0)), np.array([1.0, 2.0, 6.0]), np.array([1.0, 1.0, 2.0]))
    assert fit.intercept == pytest.approx(15 / 4)


@pytest.mark.parametrize("head", ["linear", "quadratic", "mlp"])
def test_a_network_starts_as_the_ridge_regressions(head):
    index = EditIndex([f"g{i}:deletion" for i in range(5)])
    designs = [parse_genotype("+".join(index.keys[:n])) for n in range(6)]
    effects = index.matrix(designs)
    labels = np.random.default_rng(0).normal(size=(6, 2))
    fits = [fit_ridge(effects, label, penalty=1.0) for label in labels.T]
    net = PerturbationSet(
        PerturbationSetSpec(latent_dim=8, head=head),
        edit_count=5,
        measure_orders=[0, 0, 2],
        generator=torch.Generator().manual_seed(0),
    ).double()
    start_from_ridge(net, [*fits, None])
    readings = net(index.encode(designs))
    for reading in (readings.compose_BY, readings.intact_BY):
        for y, fit in enumerate(fits):
            np.testing.assert_allclose(reading[:, y].detach(), fit.predict(effects))
        assert reading[:, 2].abs().max() < 1e-12  # no mixed difference in an additive start
