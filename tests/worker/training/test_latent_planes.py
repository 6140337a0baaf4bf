"""Latent states in two dimensions: what a plane keeps, and what a worker has to have for it."""

import sys

import numpy as np
import pytest

from service.contract.errors import FailedPreconditionError
from tests.worker.tables import small_spec
from worker.training.latent_planes import plane_of
from worker.training.report_plots_latent import latent_picture

UMAP = {"latent_map": "umap"}


def two_groups():
    """States of two groups far apart, the reference in the first."""
    rng = np.random.default_rng(0)
    z_BD = rng.normal(size=(60, 5))
    z_BD[30:, 2] += 50
    return z_BD, z_BD[0]


def test_components_are_those_of_the_covariance():
    z_BD, z_W_D = two_groups()
    plane = plane_of("pca", z_BD, z_W_D, seed=0)
    value_D = np.sort(np.linalg.eigvalsh(np.cov(z_BD.T)))[::-1]
    np.testing.assert_allclose(plane.place_B2.var(axis=0, ddof=1), value_D[:2])
    np.testing.assert_allclose(plane.share_2, value_D[:2] / value_D.sum())
    np.testing.assert_allclose(plane.reference_2, plane.place_B2[0], atol=1e-12)


def test_umap_without_its_library_is_refused_before_anything_is_trained(train, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    told = []
    with pytest.raises(FailedPreconditionError, match="umap-learn, which this worker lacks") as it:
        train(small_spec(report=UMAP), emit=lambda *event: told.append(event))
    assert it.value.offenders[0].field == "report.latent_map"
    assert told == []
    assert train(small_spec(report=UMAP), with_report=False).report is None


@pytest.mark.slow
@pytest.mark.timeout(600)  # numba compiles UMAP, the first time for a minute or two
def test_umap_keeps_neighbors_and_is_the_same_for_the_same_seed():
    z_BD, z_W_D = two_groups()
    plane = plane_of("umap", z_BD, z_W_D, seed=3)
    apart_BB = np.linalg.norm(plane.place_B2[:, None] - plane.place_B2, axis=2)
    np.fill_diagonal(apart_BB, np.inf)
    is_second_B = np.arange(60) >= 30
    np.testing.assert_array_equal(is_second_B[apart_BB.argmin(axis=1)], is_second_B)
    to_reference_B = np.linalg.norm(plane.place_B2 - plane.reference_2, axis=1)
    assert not is_second_B[to_reference_B.argmin()]
    assert plane.share_2 is None
    again = plane_of("umap", z_BD, z_W_D, seed=3)
    np.testing.assert_array_equal(plane.place_B2, again.place_B2)
    few = plane_of("umap", z_BD[:3], z_W_D, seed=3)
    assert np.isfinite(few.place_B2).all()


@pytest.mark.slow
@pytest.mark.timeout(600)  # numba compiles UMAP, the first time for a minute or two
def test_a_report_has_the_map_that_was_asked_for(train):
    asked, default = train(small_spec(report=UMAP)), train(small_spec())
    latent = asked.report.diagnostics.latent_map
    assert (latent.method, latent.share) == ("umap", None)
    picture = latent_picture(latent, "latent")
    assert "UMAP 1" in picture.svg
    assert "distances between groups" in picture.caption
    other = default.report.diagnostics.latent_map
    assert (other.method, other.order) == ("pca", latent.order)
    assert asked.weights == default.weights
    assert asked.report.as_json() == default.report.as_json()
