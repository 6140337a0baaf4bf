"""Near designs beside literal loops over all of them."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from service.contract.algebra import LatentMetric
from service.contract.errors import DeadlineExceededError
from worker.inference import nearest
from worker.inference.nearest import Neighborhood

RNG = np.random.default_rng(5)
SHIFT_MED = RNG.normal(size=(3, 6, 4)) * np.array([0.01, 1.0, 50.0])[:, None, None]
# No two are parallel: by cosine these would be one design.
EFFECT_KE = (RNG.random((30, 6)) < 0.7) * RNG.uniform(0.5, 1.5, (30, 6))
EFFECT_KE[7] = 0.0  # the reference
STATES = RNG.normal(size=(3, 2, 4)) * np.array([0.01, 1.0, 50.0])[:, None, None]


@pytest.fixture
def neighborhood(monkeypatch):
    monkeypatch.setattr(nearest, "_BLOCK_DESIGNS", 7)  # so that the blocks are several
    return Neighborhood(csr_matrix(EFFECT_KE), SHIFT_MED)


def distances(metric, z_MD):
    """Mean over the members in loops [K]; NaN without a direction."""
    z_P = [EFFECT_KE @ shift for shift in SHIFT_MED]
    edited = EFFECT_KE.any(axis=1)
    found = []
    for k in range(len(EFFECT_KE)):
        parts = []
        for member, z_D in enumerate(z_MD):
            own = z_P[member][k]
            if metric is LatentMetric.EUCLID:
                lengths = [z @ z for z in z_P[member][edited]]
                parts.append(np.linalg.norm(own - z_D) / np.sqrt(np.mean(lengths)))
            else:
                size = np.linalg.norm(own) * np.linalg.norm(z_D)
                parts.append(1 - own @ z_D / size if size else np.nan)
        found.append(np.mean(parts))
    return np.array(found)


@pytest.mark.parametrize("metric", LatentMetric)
def test_the_nearest_are_those_of_a_loop(neighborhood, metric):
    found = neighborhood.nearest(STATES, metric, 5)
    for state, near in enumerate(found):
        expected = distances(metric, STATES[:, state])
        order = np.argsort(np.where(np.isnan(expected), np.inf, expected), kind="stable")[:5]
        assert near.place_N.tolist() == order.tolist()
        np.testing.assert_allclose(near.distance_N, expected[order], rtol=1e-9)


@pytest.mark.parametrize("metric", LatentMetric)
def test_a_measured_design_is_its_own_nearest(neighborhood, metric):
    z_P_MKD = np.einsum("ke,med->mkd", EFFECT_KE, SHIFT_MED)
    edited = np.flatnonzero(EFFECT_KE.any(axis=1))
    for place, near in zip(
        edited, neighborhood.nearest(z_P_MKD[:, edited], metric, 1), strict=True
    ):
        np.testing.assert_allclose(near.distance_N, 0, atol=1e-12)
        assert near.place_N.tolist() == [place]


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_size_of_a_members_latent_changes_nothing(neighborhood, scale):
    factor_M11 = np.array([1.0, scale, 1.0])[:, None, None]
    other = Neighborhood(csr_matrix(EFFECT_KE), SHIFT_MED * factor_M11)
    for metric in LatentMetric:
        (one, _), (two, _) = (
            neighborhood.nearest(STATES, metric, 4),
            other.nearest(STATES * factor_M11, metric, 4),
        )
        assert one.place_N.tolist() == two.place_N.tolist()
        np.testing.assert_allclose(one.distance_N, two.distance_N, rtol=1e-9)


def test_the_reference_has_no_direction(neighborhood):
    zero = np.zeros((3, 1, 4))
    (by_angle,) = neighborhood.nearest(zero, LatentMetric.COSINE, 5)
    assert len(by_angle.place_N) == 0
    (by_length,) = neighborhood.nearest(zero, LatentMetric.EUCLID, 1)
    assert (by_length.place_N.tolist(), by_length.distance_N.tolist()) == ([7], [0.0])
    (everything,) = neighborhood.nearest(STATES[:, :1], LatentMetric.COSINE, 50)
    assert sorted(everything.place_N.tolist()) == np.flatnonzero(EFFECT_KE.any(axis=1)).tolist()


def test_ties_go_to_the_design_that_stands_first():
    alike = Neighborhood(csr_matrix(np.ones((9, 1))), np.ones((1, 1, 2)))
    (near,) = alike.nearest(np.zeros((1, 1, 2)), LatentMetric.EUCLID, 3)
    assert near.place_N.tolist() == [0, 1, 2]


def test_past_the_deadline_nothing_is_searched(neighborhood):
    with pytest.raises(DeadlineExceededError):
        neighborhood.nearest(STATES, LatentMetric.EUCLID, 3, deadline_unix_seconds=0.0)
