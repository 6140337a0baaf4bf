"""The ridge on summed features: the same as an independent library's, and its penalty."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from benchmarks.accuracy_rows.references import _penalty, _Ridge


@pytest.fixture
def pairs():
    """Labels that the sum of both genes' features makes, and much noise."""
    rng = np.random.default_rng(0)
    feature_GF = rng.normal(size=(40, 6))
    gene_NP = np.array([(a, b) for a in range(40) for b in range(a)])
    input_NF = feature_GF[gene_NP].sum(axis=1)
    return input_NF, input_NF[:, 0] + rng.normal(size=len(input_NF)), gene_NP


@pytest.mark.parametrize("penalty", [0.1, 100.0])
def test_it_is_the_ridge_of_the_library(pairs, penalty):
    input_NF, label_N, _ = pairs
    expected_N = Ridge(alpha=penalty).fit(input_NF, label_N).predict(input_NF)
    found_N = _Ridge.of(input_NF, label_N).predict(input_NF, penalty)
    np.testing.assert_allclose(found_N, expected_N, rtol=1e-9)


def test_noise_alone_asks_for_a_larger_penalty(pairs):
    input_NF, label_N, gene_NP = pairs
    noise_N = np.random.default_rng(1).normal(size=len(label_N))
    assert _penalty(input_NF, label_N, gene_NP) < 1e4
    assert _penalty(input_NF, noise_N, gene_NP) > _penalty(input_NF, label_N, gene_NP)
