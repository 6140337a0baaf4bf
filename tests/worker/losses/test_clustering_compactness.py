"""Clustering compactness: hand values, the literal formula, laws, and bad input."""

import math

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.clustering_compactness import (
    ClusteringCompactnessLoss,
    clustering_compactness,
)


def cells(rows=12, dims=3, clusters=4, dtype=torch.float64):
    generator = torch.Generator().manual_seed(rows)
    z = torch.randn(rows, dims, generator=generator, dtype=torch.float64)
    logits = torch.randn(rows, clusters, generator=generator, dtype=torch.float64)
    return (
        z.to(dtype).requires_grad_(),
        logits.softmax(dim=1).detach().to(dtype).requires_grad_(),
    )


def softplus(x):
    return 0.1 * math.log1p(math.exp(x / 0.1))


def literal(z, assignment, separation_weight, least, centroids=None):
    """The formula, one pair at a time."""
    rows, clusters = assignment.shape
    mass = [sum(assignment[i, k] for i in range(rows)) for k in range(clusters)]
    if centroids is None:
        centroids = [
            sum(assignment[i, k] * z[i] for i in range(rows)) / mass[k] for k in range(clusters)
        ]
    compact = sum(
        assignment[i, k] * (z[i] - centroids[k]).square().sum()
        for i in range(rows)
        for k in range(clusters)
    )
    separate = 0.0
    for k in range(clusters):
        for other in range(clusters):
            if k != other:
                apart = (centroids[k] - centroids[other]).norm().item() / least
                counted = mass[k] / (mass[k] + 1) * mass[other] / (mass[other] + 1)
                separate += counted * softplus(1 - apart) / (clusters * (clusters - 1))
    return compact / least**2 / sum(mass) + separation_weight * separate


@pytest.mark.parametrize(("weight", "least"), [(1.0, 1.0), (2.0, 5.0), (0.0, 0.3)])
def test_it_is_the_formula(weight, least):
    z, assignment = cells()
    settings = {"separation_weight": weight, "min_separation": least}
    value = clustering_compactness(z, assignment, **settings)
    assert value.item() == pytest.approx(literal(z, assignment, weight, least).item(), rel=1e-7)
    known = torch.randn(4, 3, dtype=torch.float64)
    value = clustering_compactness(z, assignment, known, **settings)
    expected = literal(z, assignment, weight, least, known)
    assert value.item() == pytest.approx(expected.item(), rel=1e-10)


def test_two_pairs_by_hand():
    z = torch.tensor([[0.0], [2.0], [3.0], [5.0]])
    assignment = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    # Centroids 1 and 4, every cell 1 away; each cluster of two counts as 2/3.
    value = clustering_compactness(z, assignment, min_separation=3.0)
    expected = 1 / 9 + (4 / 9) * 0.1 * math.log(2)
    assert value.item() == pytest.approx(expected, rel=1e-6)
    assert clustering_compactness(z, assignment).item() == pytest.approx(1.0, rel=1e-6)


def test_gradients_are_those_of_differences():
    z, assignment = cells(6, 2, 3)
    known = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(clustering_compactness, (z, assignment))
    assert torch.autograd.gradcheck(clustering_compactness, (z, assignment, known))
    assert torch.autograd.gradcheck(
        lambda x, a: clustering_compactness(x, a, compat="diffbio"), (z, assignment)
    )


@pytest.mark.parametrize("scale", [1e-6, 0.1, 1e5])
def test_scaling_latents_and_least_separation_alike_changes_nothing(scale):
    z, assignment = cells()
    plain = clustering_compactness(z, assignment).item()
    scaled = clustering_compactness(scale * z, assignment, min_separation=scale).item()
    assert scaled == pytest.approx(plain, rel=1e-10)


def test_moving_turning_and_reordering_change_nothing():
    z, assignment = cells()
    plain = clustering_compactness(z, assignment).item()
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    for other in (
        clustering_compactness(z + 1000.0, assignment),
        clustering_compactness(z @ turn, assignment),
        clustering_compactness(z.flip(0), assignment.flip(0)),
        clustering_compactness(z, assignment.flip(1)),
    ):
        assert other.item() == pytest.approx(plain, rel=1e-7)


def test_at_unit_separation_large_clusters_score_as_in_diffbio():
    z, assignment = cells(20000)
    published = clustering_compactness(z, assignment, compat="diffbio").item()
    assert clustering_compactness(z, assignment).item() == pytest.approx(published, rel=1e-3)


def gradient_of_an_empty_cluster(mass, **settings):
    z, assignment = cells(12, 3, 3)
    emptied = assignment.detach().clone()
    emptied[:, 2] = mass
    emptied.requires_grad_()
    value = clustering_compactness(z, emptied, min_separation=4.0, **settings)
    value.backward()
    assert torch.isfinite(z.grad).all()
    return value.item(), emptied.grad.abs().max().item()


@pytest.mark.parametrize("mass", [0.0, 1e-12, 1e-8, 1e-4])
def test_an_empty_cluster_has_a_small_gradient(mass):
    _, steepest = gradient_of_an_empty_cluster(mass)
    assert steepest < 3


def test_in_diffbio_it_is_steep():
    _, steepest = gradient_of_an_empty_cluster(0.0, compat="diffbio")
    assert steepest > 1e5


def test_an_empty_cluster_has_no_say():
    nearly, _ = gradient_of_an_empty_cluster(1e-9)
    value, _ = gradient_of_an_empty_cluster(0.0)
    assert value == pytest.approx(nearly, rel=1e-6)
    z, assignment = cells(12, 3, 2)
    padded = torch.cat([assignment, torch.zeros(12, 1, dtype=torch.float64)], dim=1)
    for weight, share in ((0.0, 1.0), (1.0, 1 / 3)):
        bare = clustering_compactness(z, assignment, separation_weight=weight * share)
        with_empty = clustering_compactness(z, padded, separation_weight=weight)
        assert with_empty.item() == pytest.approx(bare.item(), rel=1e-9)


def test_a_cell_of_no_cluster_has_no_say():
    z, assignment = cells()
    outcast = assignment.detach().clone()
    outcast[5] = 0
    kept = torch.arange(12) != 5
    value = clustering_compactness(z, outcast)
    alone = clustering_compactness(z[kept], assignment[kept])
    assert value.item() == pytest.approx(alone.item(), rel=1e-7)


def test_centroids_at_one_place_are_not_pushed_anywhere():
    z = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    assignment = torch.full((2, 3), 1 / 3, requires_grad=True)
    value = clustering_compactness(z, assignment)
    value.backward()
    counted = (2 / 3) / (5 / 3)
    assert value.item() == pytest.approx(1 + counted**2 * softplus(1.0), rel=1e-5)
    assert torch.isfinite(assignment.grad).all()
    torch.testing.assert_close(z.grad, torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))


@pytest.mark.parametrize("rows", [0, 3])
def test_without_assignments_it_is_zero_with_a_graph(rows):
    z = torch.randn(rows, 2, requires_grad=True)
    value = clustering_compactness(z, torch.zeros(rows, 3))
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


def test_one_cell_or_one_cluster_is_compact():
    z = torch.randn(1, 2, requires_grad=True)
    one = clustering_compactness(z, torch.ones(1, 1))
    one.backward()
    assert one.item() == pytest.approx(0, abs=1e-6)
    torch.testing.assert_close(z.grad, torch.zeros(1, 2), rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_dtype_is_kept_and_the_value_that_of_float64(dtype):
    z, assignment = cells(dtype=dtype)
    value = clustering_compactness(z, assignment)
    value.backward()
    assert value.dtype is z.grad.dtype is assignment.grad.dtype is dtype
    exact = clustering_compactness(z.double(), assignment.double()).item()
    rel = 2e-5 if dtype is torch.float32 else 2**-7
    assert value.item() == pytest.approx(exact, rel=rel)


def test_half_precision_does_not_overflow_inside():
    z = torch.tensor([[300.0], [-300.0]], dtype=torch.float16, requires_grad=True)
    assignment = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    clustering_compactness(z, assignment, min_separation=1000.0).backward()
    assert torch.isfinite(z.grad).all()


def test_integer_assignments_are_numbers():
    z, _ = cells(3)
    hard = torch.tensor([[1, 0], [0, 1], [1, 0]])
    value = clustering_compactness(z, hard).item()
    assert value == clustering_compactness(z, hard.double()).item()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(bad):
    z, assignment = (x.detach().clone() for x in cells())
    z[0, 0] = bad
    assert not math.isfinite(clustering_compactness(z, assignment).item())
    z, assignment = (x.detach().clone() for x in cells())
    assignment[0, 0] = bad
    assert not math.isfinite(clustering_compactness(z, assignment).item())


def test_no_value_is_looked_at():
    z, assignment = cells()
    with Unread():
        clustering_compactness(z, assignment).backward()
        clustering_compactness(z, assignment, compat="diffbio").backward()


@pytest.mark.parametrize(
    ("z", "assignment", "centroids"),
    [
        ((4, 2), (3, 2), None),
        ((4,), (4, 2), None),
        ((4, 2), (4,), None),
        ((4, 2), (4, 3), (2, 3)),
        ((4, 2), (4, 3), (3,)),
    ],
)
def test_shapes_that_do_not_match_are_refused(z, assignment, centroids):
    known = None if centroids is None else torch.zeros(centroids)
    with pytest.raises(ValueError, match=r"\[N, D\]|\[K, D\]"):
        clustering_compactness(torch.zeros(z), torch.zeros(assignment), known)


@pytest.mark.parametrize(("z", "assignment"), [((4, 0), (4, 2)), ((4, 2), (4, 0))])
def test_no_dimension_or_no_cluster_is_refused(z, assignment):
    with pytest.raises(ValueError, match="at least one"):
        clustering_compactness(torch.zeros(z), torch.zeros(assignment))


def test_integer_latents_and_complex_assignments_are_refused():
    with pytest.raises(ValueError, match="floating point"):
        clustering_compactness(torch.zeros(4, 2, dtype=torch.int64), torch.ones(4, 2))
    with pytest.raises(ValueError, match="real"):
        clustering_compactness(torch.zeros(4, 2), torch.ones(4, 2, dtype=torch.complex64))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"separation_weight": -0.1}, "separation_weight"),
        ({"separation_weight": math.inf}, "separation_weight"),
        ({"separation_weight": math.nan}, "separation_weight"),
        ({"min_separation": 0.0}, "min_separation"),
        ({"min_separation": math.nan}, "min_separation"),
        ({"compat": "scib"}, "compat"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings, name):
    with pytest.raises(ValueError, match=name):
        clustering_compactness(*cells(), **settings)


def test_the_module_is_the_function():
    z, assignment = cells()
    settings = {"separation_weight": 2.0, "min_separation": 3.0}
    for compat in (None, "diffbio"):
        loss = ClusteringCompactnessLoss(compat=compat, **settings)
        expected = clustering_compactness(z, assignment, compat=compat, **settings)
        assert loss(z, assignment).item() == expected.item()
