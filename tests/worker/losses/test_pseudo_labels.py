"""Pseudo-labels: quantiles, those of a density estimate, and the published ones."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import gaussian_kde

from worker.losses.pseudo_labels import inverse_cdfs, kde_inverse_cdf, levels, quantiles
from worker.losses.published_pseudo_labels import published_pseudo_labels

GOLDEN = json.loads((Path(__file__).parent / "golden_dist.json").read_text())
CASES = GOLDEN["pseudo_labels"]


def labels_of(name):
    return torch.tensor(GOLDEN["labels"][name], dtype=torch.float64).sort().values


def at(cdf, count):
    return cdf.at(levels(torch.tensor(count), count))


def published(case):
    return published_pseudo_labels(
        np.array(GOLDEN["labels"][case["labels"]], dtype=np.float64),
        low=case["min_label"],
        high=case["max_label"],
        step=case["step"],
        size=case["batch_size"],
        bandwidth=case["bw_method"],
    )


def test_quantiles_by_hand():
    # Levels 1/6, 3/6, 5/6 of (1, 2, 3, 4): the smallest values with F >= level are 1, 2, 4.
    labels = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert quantiles(labels, torch.tensor(3), 3).tolist() == [1.0, 2.0, 4.0]


@given(
    labels=st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=30),
    count=st.integers(1, 20),
)
def test_quantiles_are_numpys_inverted_cdf(labels, count):
    wanted = (np.arange(count) + 0.5) / count
    expected = np.quantile(labels, wanted, method="inverted_cdf")
    ours = quantiles(torch.tensor(sorted(labels), dtype=torch.float64), torch.tensor(count), count)
    np.testing.assert_array_equal(ours.numpy(), expected)


@pytest.mark.parametrize("case", [c for c in CASES if c["sound"]], ids=lambda c: c["id"])
def test_the_published_rule_gives_the_published_pseudo_labels(case):
    np.testing.assert_allclose(published(case), case["pseudo_labels"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if not c["sound"]], ids=lambda c: c["id"])
def test_where_the_published_rule_counts_below_zero_it_is_refused(case):
    with pytest.raises(ValueError, match="no sound pseudo-labels"):
        published(case)


@pytest.mark.parametrize("size", [1, 7, 32, 64])
def test_the_published_rule_refuses_or_fills_the_batch(size):
    labels = np.sort(np.random.default_rng(size).exponential(size=40))
    try:
        pseudo = published_pseudo_labels(labels, low=0.0, high=6.0, step=0.3, size=size)
    except ValueError:
        return
    assert len(pseudo) == size
    assert (np.diff(pseudo) >= 0).all()


@pytest.mark.parametrize("bandwidth", [None, 0.2, 1.0])
@pytest.mark.parametrize("name", ["ages_100", "fitness_120", "zscored_120"])
def test_those_of_the_density_are_where_scipys_integral_says(name, bandwidth):
    labels = labels_of(name)
    kde = gaussian_kde(labels.numpy(), bw_method=bandwidth)
    width = math.sqrt(kde.covariance.item())
    reach = float(labels[0]) - 10 * width, float(labels[-1]) + 10 * width
    found = at(kde_inverse_cdf(labels, bandwidth), 9).tolist()
    expected = [
        brentq(lambda x, p=p: kde.integrate_box_1d(-np.inf, x) - p, *reach)
        for p in (np.arange(9) + 0.5) / 9
    ]
    assert found == pytest.approx(expected, abs=2e-4 * width)


@pytest.mark.parametrize("rule", ["quantile", "kde"])
@pytest.mark.parametrize("count", [1, 8, 16, 256])
def test_at_any_batch_size_they_have_the_mean_of_the_labels(rule, count):
    labels = labels_of("ages_100")  # the published ones have 120, 39, 31 and 53
    (cdf,) = inverse_cdfs([labels], rule=rule, batch_size=count)
    error = 3.0 if count == 1 else 1.0
    assert at(cdf, count).mean().item() == pytest.approx(labels.mean().item(), abs=error)


def test_many_labels_are_stood_for_by_their_quantiles():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randn(20_000, generator=generator, dtype=torch.float64).sort().values
    kde = gaussian_kde(labels.numpy(), bw_method=0.2)
    found = at(kde_inverse_cdf(labels, 0.2), 5)
    integrals = [kde.integrate_box_1d(-np.inf, x) for x in found.tolist()]
    assert integrals == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=1e-3)


@pytest.mark.parametrize("rule", ["quantile", "kde", "official"])
@pytest.mark.parametrize("values", [[2.5], [2.5, 2.5, 2.5]])
def test_labels_that_are_all_equal_are_their_own_pseudo_labels(rule, values):
    (cdf,) = inverse_cdfs([torch.tensor(values)], rule=rule, batch_size=4)
    assert at(cdf, 4).tolist() == [2.5] * 4


@pytest.mark.parametrize("rule", ["kde", "official"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_training_labels_that_are_not_finite_are_refused(rule, bad):
    with pytest.raises(ValueError, match="have to be finite"):
        inverse_cdfs([torch.tensor([0.0, 1.0, bad])], rule=rule, batch_size=4)


def test_no_label_in_the_range_is_refused():
    with pytest.raises(ValueError, match="no training label lies between"):
        published_pseudo_labels(np.arange(3.0), low=5.0, high=6.0, step=0.1, size=4)


def test_a_batch_with_missing_labels_takes_quantiles_of_the_full_one():
    labels = labels_of("fitness_120")
    (cdf,) = inverse_cdfs([labels], rule="official", batch_size=64, step=0.1)
    whole = at(cdf, 64)
    assert at(cdf, 32).tolist() == quantiles(whole, torch.tensor(32), 32).tolist()
    assert len(whole) == 64


@pytest.mark.parametrize("count", [3, 7, 11, 100, 257])
@pytest.mark.parametrize("times", [2, 6, 10])
def test_a_level_that_a_value_just_reaches_is_not_rounded_past_it(count, times):
    ranks = torch.arange(1.0, count * times + 1, dtype=torch.float64)
    found = quantiles(ranks, torch.tensor(count), count)
    # times is even: (i + 1/2) / count of count * times values is a whole number of them.
    assert found.tolist() == [(2 * i + 1) * times // 2 for i in range(count)]
