"""Support-corrected InfoNCE: published values, laws, bad input, and what its theorem says."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.infonce import infonce
from worker.losses.support_infonce import SupportInfoNCELoss, support_infonce
from worker.losses.support_samplers import (
    support_negatives,
    support_positives,
    uniform_directions,
)

FILE = Path(__file__).parent / "golden_infonce.json"
CASES = [c for c in json.loads(FILE.read_text())["cases"] if c["name"].startswith("CLTheory")]
SIMILARITIES = ["cosine", "dot", "neg_l2", "neg_l2_squared", "neg_l1"]
each_similarity = pytest.mark.parametrize("similarity", SIMILARITIES)
TOLERANCE = {torch.float64: (1e-9, 1e-9), torch.float32: (2e-5, 1e-4)}


def triples(rows=4, count=5, dims=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(2)
    shapes = ((rows, dims), (rows, dims), (rows, count, dims))
    drawn = [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]
    return [x.to(dtype).requires_grad_() for x in drawn]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_code_is_reproduced(case, similarity, dtype):
    names = ("anchors", "positives", "negatives")
    z = [torch.tensor(case["inputs"][n], dtype=dtype, requires_grad=True) for n in names]
    value = support_infonce(*z, temperature=case["params"]["temperature"], similarity=similarity)
    value.backward()
    loose, looser = TOLERANCE[dtype]
    assert value.item() == pytest.approx(case["outputs"]["loss"], rel=loose)
    for name, tensor in zip(names, z, strict=True):
        golden = torch.tensor(case["outputs"][f"grad_{name}"], dtype=dtype)
        if similarity == "cosine":  # of unit vectors: what lies across them
            unit = tensor.detach()
            golden = golden - (golden * unit).sum(dim=-1, keepdim=True) * unit
        torch.testing.assert_close(tensor.grad, golden, rtol=looser, atol=looser * 0.1)


def test_value_by_hand():
    # Cosines 1 with the positive, 0 and -1 with the negatives.
    z = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    negative = torch.tensor([[[0.0, 3.0], [-1.0, 0.0]]], dtype=torch.float64)
    value = support_infonce(z, 5 * z, negative, temperature=0.5)
    expected = -math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-2)))
    assert value.item() == pytest.approx(expected, rel=1e-12)


@each_similarity
def test_with_negatives_that_all_share_it_is_infonce(similarity):
    z, positive, negative = triples()
    shared = negative[0]
    value = support_infonce(
        z, positive, shared.expand(4, 5, 3), temperature=0.4, similarity=similarity
    )
    expected = infonce(z, positive, shared, temperature=0.4, similarity=similarity)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("similarity", ["cosine", "dot", "neg_l2", "neg_l2_squared"])
def test_rotations_and_the_order_of_negatives_change_nothing(similarity):
    z = triples()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(3)).double())[
        0
    ]
    value = support_infonce(*z, similarity=similarity).item()
    turned = support_infonce(*(x @ turn for x in z), similarity=similarity)
    shuffled = support_infonce(z[0], z[1], z[2].flip(1), similarity=similarity)
    assert value > 0
    assert [turned.item(), shuffled.item()] == pytest.approx([value] * 2, rel=1e-12)


@each_similarity
def test_gradients_are_those_of_differences(similarity):
    assert torch.autograd.gradcheck(
        lambda *z: support_infonce(*z, similarity=similarity), triples(3, 2)
    )


@each_similarity
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_type_is_kept_and_half_is_worked_on_in_float32(dtype, similarity):
    z = triples(dtype=dtype)
    value = support_infonce(*z, similarity=similarity, temperature=0.01)
    value.backward()
    assert value.dtype is z[0].grad.dtype is z[2].grad.dtype is dtype
    wide = [x.detach().double() for x in z]
    exact = support_infonce(*wide, similarity=similarity, temperature=0.01).item()
    loose = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 0) + 2e-5
    assert value.item() == pytest.approx(exact, rel=loose)
    assert all(torch.isfinite(x.grad).all() for x in z)


@each_similarity
def test_no_value_is_looked_at(similarity):
    with Unread():
        support_infonce(*triples(), similarity=similarity).backward()


@pytest.mark.parametrize(("rows", "count"), [(0, 5), (4, 0)])
def test_without_rows_or_negatives_it_is_zero_with_a_graph(rows, count):
    z = triples(rows, count)
    value = support_infonce(*z)
    value.backward()
    assert value.item() == 0
    assert (z[0].grad == 0).all()


def test_latents_of_length_zero_have_cosine_zero_and_no_gradient():
    z = [torch.zeros_like(x).requires_grad_() for x in triples()]
    value = support_infonce(*z)
    value.backward()
    assert value.item() == pytest.approx(math.log(6))
    assert all((x.grad == 0).all() for x in z)


@each_similarity
@pytest.mark.parametrize("bad", [math.inf, math.nan])
@pytest.mark.parametrize("which", [0, 1])
def test_latents_that_are_not_finite_make_the_loss_so(bad, similarity, which):
    z = [x.detach() for x in triples()]
    z[which][1, 1] = bad
    assert not math.isfinite(support_infonce(*z, similarity=similarity).item())


@each_similarity
def test_a_negative_that_is_no_number_shows(similarity):
    z = [x.detach() for x in triples()]
    z[2][1, 2, 0] = math.nan
    assert math.isnan(support_infonce(*z, similarity=similarity).item())


@pytest.mark.parametrize("similarity", ["neg_l2", "neg_l2_squared", "neg_l1"])
def test_a_negative_that_is_infinitely_far_is_not_there(similarity):
    z = [x.detach() for x in triples()]
    z[2][:, 1, 0] = math.inf
    value = support_infonce(*z, similarity=similarity).item()
    z[2] = z[2][:, [0, 2, 3, 4]]
    assert value == pytest.approx(support_infonce(*z, similarity=similarity).item(), rel=1e-12)


def test_the_module_is_the_function():
    z = triples()
    value = SupportInfoNCELoss(temperature=0.7, similarity="neg_l2")(*z)
    assert value.item() == support_infonce(*z, temperature=0.7, similarity="neg_l2").item()
    with pytest.raises(ValueError, match="temperature"):
        SupportInfoNCELoss(temperature=-1.0)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 2), (4, 2), (3, 5, 2)), r"\[B, D\]"),
        (((3, 2), (3, 2), (5, 2)), r"\[B, M, D\]"),
        (((3, 2), (3, 2), (4, 5, 2)), r"\(4, 5, 2\)"),
        (((3, 2), (3, 2), (3, 5, 3)), r"\(3, 5, 3\)"),
        (((3, 0), (3, 0), (3, 5, 0)), "at least one dimension"),
    ],
)
def test_refuses_shapes_that_do_not_fit(shapes, message):
    with pytest.raises(ValueError, match=message):
        support_infonce(*(torch.zeros(shape) for shape in shapes))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "above 0"),
        ({"temperature": math.nan}, "above 0"),
        ({"similarity": "none"}, "'none' is none of"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        support_infonce(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3, 1, 2), **settings)


def test_refuses_integers_and_mixed_types():
    with pytest.raises(ValueError, match="floating type"):
        support_infonce(*(x.detach().long() for x in triples()))
    z = triples()
    with pytest.raises(ValueError, match="as the anchors"):
        support_infonce(z[0], z[1], z[2].float())


def squeezed(z, factor):
    """An encoder that keeps `factor` of what positives vary, or none of what they keep at inf."""
    kept, varied = z[..., :1], z[..., 1:]
    encoded = torch.cat([torch.zeros_like(kept), varied], dim=-1)
    if math.isfinite(factor):
        encoded = torch.cat([kept, factor * varied], dim=-1)
    return encoded / encoded.norm(dim=-1, keepdim=True)


def losses(encoders, *, corrected, rule="exact"):
    """Loss of each encoder on the same draws: the sphere in three dimensions, the first kept."""
    generator = torch.Generator().manual_seed(4)
    z = uniform_directions(torch.empty(2048, 3, dtype=torch.float64), generator)
    draws = {"fixed": 1, "generator": generator}
    positive = support_positives(z, concentration=1 / 0.3, rule=rule, **draws)
    negative = support_negatives(z, 64, constrained=float(corrected), **draws)
    return [support_infonce(e(z), e(positive), e(negative)).item() for e in encoders]


def test_where_pairs_never_vary_a_direction_plain_infonce_prefers_to_bend_the_latent():
    identity, bent = losses([lambda z: z, lambda z: squeezed(z, 0.9)], corrected=False)
    assert bent < identity - 0.02


def test_corrected_the_identity_is_best_with_the_exact_rule_and_a_collapse_with_the_published():
    encoders = [lambda z: z, lambda z: squeezed(z, 0.6), lambda z: squeezed(z, math.inf)]
    exact = losses(encoders, corrected=True)
    published = losses(encoders, corrected=True, rule="published")
    assert exact[0] < min(exact[1:]) - 0.02
    assert published[2] < min(published[:2]) - 0.02


def recovered(rule):
    """Share of the latents' variance that a trained matrix keeps, as a linear function of it."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    matrix = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([matrix], lr=0.02)
    draws = {"fixed": 1, "generator": generator}
    for _ in range(400):
        z = uniform_directions(torch.empty(128, 3, dtype=torch.float64), generator)
        positive = support_positives(z, concentration=1 / 0.3, rule=rule, **draws)
        negative = support_negatives(z, 32, **draws)
        optimizer.zero_grad()
        support_infonce(z @ matrix, positive @ matrix, negative @ matrix).backward()
        optimizer.step()
    z = uniform_directions(torch.empty(4000, 3, dtype=torch.float64), generator)
    encoded = (z @ matrix.detach()) / (z @ matrix.detach()).norm(dim=1, keepdim=True)
    left = z - encoded @ torch.linalg.lstsq(encoded, z).solution
    return 1 - (left.square().sum() / z.square().sum()).item()


@pytest.mark.slow
def test_a_matrix_recovers_the_latent_with_the_exact_rule_and_not_with_the_published():
    assert recovered("exact") > 0.99
    assert recovered("published") < 0.95
