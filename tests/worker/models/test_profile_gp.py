"""The Gaussian process on pairs: covariance, posterior by other means, and what it finds."""

import itertools

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge

from tests.worker.models.rows import Rows
from tests.worker.models.test_pair_matrix import GENES, screen
from worker.models.low_rank import fit_low_rank
from worker.models.pair_residuals import pair_residuals
from worker.models.profile_gp import edit_covariance, fit_profile_gp, posterior_mean


def profiles(edits=12, seed=0):
    drawn = np.random.default_rng(seed).normal(size=(edits, edits))
    return drawn + drawn.T


def test_the_covariance_of_edits_by_hand():
    profile = np.array([[3.0, 0.0], [0.0, 4.0]])
    covariance = edit_covariance(profile, 0.5)
    apart = 0.9 * np.sqrt(3.0 * 4.0) / 3.5 * np.exp(-1.0 / 0.5)
    expected = [[0.9 * 3 / 3.5 + 0.1, apart], [apart, 0.9 * 4 / 3.5 + 0.1]]
    np.testing.assert_allclose(covariance, expected)


@pytest.mark.parametrize("length", [0.15, 0.25, 0.8])
def test_the_covariance_of_edits_is_one_and_its_variance_is_1_on_average(length):
    covariance = edit_covariance(profiles(), length)
    np.testing.assert_allclose(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() >= 0.1 - 1e-9
    assert np.trace(covariance) == pytest.approx(len(covariance))


def test_an_edit_without_a_profile_is_like_no_other():
    profile = profiles()
    profile[3] = profile[:, 3] = 0.0
    others = np.delete(edit_covariance(profile, 0.25)[3], 3)
    np.testing.assert_array_equal(others, 0.0)


def test_the_posterior_is_that_of_kernel_ridge_on_pairs():
    designs = ["".join(p) for p in itertools.combinations(GENES[:9], 2)]
    rng = np.random.default_rng(1)
    kept = sorted(rng.choice(len(designs), 24, replace=False).tolist())
    twice = kept[:5]  # measured twice: half the noise
    labels = rng.normal(size=len(kept) + len(twice))
    rows = Rows([designs[k] for k in [*kept, *twice]], labels, loci=GENES[:9])
    pairs = pair_residuals(rows.rows)
    covariance = edit_covariance(profiles(9), 0.4)
    found = posterior_mean(pairs, covariance, 0.7, tolerance=1e-10)

    def between(first, second):
        (i, j), (k, m) = first, second
        return covariance[i, k] * covariance[j, m] + covariance[i, m] * covariance[j, k]

    known = list(zip(pairs.first_Q.tolist(), pairs.second_Q.tolist(), strict=True))
    every = list(itertools.combinations(range(9), 2))
    gram = np.array([[between(a, b) for b in known] for a in known])
    ridge = KernelRidge(alpha=0.7, kernel="precomputed")
    ridge.fit(gram, pairs.value_Q, sample_weight=pairs.weight_Q)
    expected = ridge.predict(np.array([[between(a, b) for b in known] for a in every]))
    np.testing.assert_allclose([found[i, j] for i, j in every], expected, atol=1e-8)


def test_what_is_stored_is_the_posterior_of_its_own_length_and_noise():
    rows, designs, _ = screen(noise=0.3)
    pairs = pair_residuals(rows.rows)
    first = fit_profile_gp(rows.rows, rounds=1)
    second = fit_profile_gp(rows.rows, rounds=2)
    assert float(first.length) == float(second.length) > 0
    vectors, values = first.vector_ER[1:], first.value_R
    profile = (vectors * values) @ vectors.T
    covariance = edit_covariance(profile, float(second.length))
    expected = posterior_mean(pairs, covariance, float(second.noise))
    places = [
        sorted(rows.index.keys.index(f"{gene}:deletion") for gene in design) for design in designs
    ]
    beyond = rows.ask(second, *designs) - pairs.effects.predict(
        rows.index.encode([rows.parsed(design) for design in designs])
    )
    np.testing.assert_allclose(beyond, [expected[i, j] for i, j in places], atol=1e-3)


def test_modules_that_no_low_rank_has_are_found_by_likeness():
    """Pairs interact where both genes stand near on a ring: full rank, but smooth in profiles."""
    rng = np.random.default_rng(5)
    genes = [chr(ord("a") + k) for k in range(26)] + [chr(ord("A") + k) for k in range(14)]
    angle = np.linspace(0, 2 * np.pi, len(genes), endpoint=False)
    truth = np.exp(3.0 * (np.cos(angle[:, None] - angle) - 1.0))
    every = list(itertools.combinations(range(len(genes)), 2))
    known = rng.random(len(every)) < 0.6
    value = np.array([truth[p] for p in every])
    labels = value[known] + 0.3 * rng.normal(size=known.sum())
    designs = [genes[i] + genes[j] for i, j in every]
    rows = Rows([d for d, k in zip(designs, known, strict=True) if k], labels, loci=genes)
    asked = [d for d, k in zip(designs, known, strict=True) if not k]
    error = {
        fit: np.mean((rows.ask(fit(rows.rows), *asked) - value[~known]) ** 2)
        for fit in (fit_low_rank, fit_profile_gp)
    }
    assert error[fit_profile_gp] < 0.8 * error[fit_low_rank]
