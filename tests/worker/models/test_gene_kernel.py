"""Kernel ridge on pairs of genes: laws, the closed form by hand, and its bad inputs."""

from dataclasses import replace

import numpy as np
import pytest

from service.contract.models import GeneKernelSpec
from tests.worker.models.rows import LOCI, Rows
from worker.data.gene_table import Network
from worker.models.classical import fit_model, load_model
from worker.models.gene_features_network import (
    coordinates,
    diffusion_columns,
    normalized_adjacency,
)
from worker.models.gene_kernel import PENALTIES, fit_gene_kernel
from worker.models.observations import KnownGenes


def known(rows, rank=4, seed=0):
    rng = np.random.default_rng(seed)
    count = rows.rows.edit_count
    return replace(
        rows.rows,
        genes=KnownGenes(
            rng.normal(size=(count, 3)), rng.normal(size=(count, rank)), np.arange(count)
        ),
    )


def pair_rows(labels=None, loci=LOCI, seed=1):
    designs = [a + b for i, a in enumerate(loci) for b in loci[i + 1 :]]
    rng = np.random.default_rng(seed)
    return Rows(designs, rng.normal(size=len(designs)) if labels is None else labels, loci=loci)


def test_it_is_kernel_ridge_on_products_of_kernels():
    rows = pair_rows()
    given = known(rows)
    z = given.genes.coordinate_ER.astype(np.float32).astype(np.float64)
    i, j = (given.sets.edit_BP - 1).T
    k = z @ z.T
    kernel = k[np.ix_(i, i)] * k[np.ix_(j, j)] + k[np.ix_(i, j)] * k[np.ix_(j, i)]
    center = rows.labels.mean()
    # Both triangles of the matrix are fitted, so that the penalty counts half for each pair.
    dual = np.linalg.solve(kernel + 2.0 * np.eye(len(kernel)), rows.labels - center)
    fitted = fit_gene_kernel(given, penalty=2.0)
    np.testing.assert_allclose(
        fitted.predict_sets(given.sets), center + kernel @ dual, rtol=2e-2, atol=2e-2
    )


def test_pairs_of_unseen_genes_follow_their_coordinates_and_the_penalty_is_selected():
    loci = "abcdefghijklmnopqrstuvwx"
    rows = pair_rows(loci=loci)
    given = known(rows, rank=3)
    z = given.genes.coordinate_ER
    i, j = (given.sets.edit_BP - 1).T
    core = np.array([[1.0, 0.5, 0.0], [0.5, -1.0, 0.0], [0.0, 0.0, 0.3]])
    truth = np.einsum("ni,ij,nj->n", z[i], core, z[j])
    noisy = truth + np.random.default_rng(2).normal(0, 0.3, len(truth))
    unseen = (i >= 18) & (j >= 18)
    touched = (i >= 18) | (j >= 18)
    learned = replace(given, label_N=noisy).rows(~touched)
    fitted = fit_gene_kernel(learned)
    assert float(fitted.penalty) in PENALTIES
    found = fitted.predict_sets(given.sets.rows(unseen))
    assert np.corrcoef(found, truth[unseen])[0, 1] > 0.95


def test_labels_that_say_nothing_of_genes_are_shrunken_away():
    rows = pair_rows(loci="abcdefghijklmnopqrstuvwx")
    fitted = fit_gene_kernel(known(rows, rank=20))
    spread = np.std(fitted.predict_sets(rows.rows.sets))
    assert spread < 0.5 * np.std(rows.labels)


def test_order_and_idle_edits_change_nothing_and_storing_keeps_every_bit():
    rows = pair_rows()
    spec = GeneKernelSpec(penalty=1.0)
    fitted = fit_model(spec, known(rows))
    ask = ["a:deletion+b:deletion", "c:deletion@1+b:deletion+a:deletion", "", "a:deletion"]
    one, other, empty, single = rows.ask(fitted, *ask)
    assert one == pytest.approx(other, rel=1e-12)
    assert [empty, single] == pytest.approx([rows.labels.mean()] * 2)
    again = load_model(spec.kind, fitted.arrays())
    assert np.array_equal(rows.ask(again, *ask), rows.ask(fitted, *ask))


def test_effects_scale_a_pair():
    rows = Rows(["ab", "bc"], [3.0, 1.0])
    fitted = fit_gene_kernel(known(rows), penalty=0.01)
    whole, half = rows.ask(fitted, "ab", "a:deletion@0.5+b:deletion")
    mean = float(fitted.intercept)
    assert half - mean == pytest.approx(0.5 * (whole - mean))


def test_designs_that_are_no_pairs_add_a_ridge_on_features():
    rows = Rows(["", "a", "b", "c", "ab"], [0.0, 1.0, 2.0, 3.0, 3.0])
    fitted = fit_gene_kernel(known(rows), penalty=1.0)
    assert fitted.weight_E.any()


@pytest.mark.parametrize("designs", [["a"], ["", "a", "b"], ["abc"]])
def test_without_pairs_it_is_the_additive_part(designs):
    rows = Rows(designs, np.arange(1.0, len(designs) + 1))
    fitted = fit_gene_kernel(known(rows))
    assert not fitted.core_RR.any()


def test_it_needs_what_is_known_of_genes():
    with pytest.raises(ValueError, match="name a gene table"):
        fit_gene_kernel(pair_rows().rows)


def path_network(count=5):
    edges = np.stack([np.arange(count - 2), np.arange(1, count - 1)])  # the last is isolated
    return Network("path", ("seen",), edges, np.array([[1.0], [0.5], [2.0]])[: count - 2])


def test_diffusion_is_the_inverse_and_reaches_no_isolated_gene():
    matrix = normalized_adjacency(path_network(), 5)
    found = diffusion_columns(matrix, np.arange(5), 0.9)
    exact = np.linalg.inv(np.eye(5) - 0.9 * matrix.toarray())
    np.testing.assert_allclose(found, exact, atol=1e-5)
    assert found[4].tolist() == [0, 0, 0, 0, 1]


def test_coordinates_give_the_kernel_back_and_permute_with_the_genes():
    matrix = normalized_adjacency(path_network(), 5)
    rows = np.array([0, 2, 3, 4])
    kernel = diffusion_columns(matrix, rows, 0.9)
    z = coordinates(kernel, rows, 10)
    np.testing.assert_allclose(z @ z[rows].T, kernel, atol=1e-9)
    order = np.array([3, 0, 4, 1, 2])
    place = np.argsort(order)
    turned = coordinates(kernel[order][:, ::-1], place[rows][::-1], 10)
    np.testing.assert_allclose(turned @ turned.T, (z @ z.T)[np.ix_(order, order)], atol=1e-9)
    assert coordinates(kernel, rows, 2).shape == (5, 2)
