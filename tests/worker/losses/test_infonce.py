"""InfoNCE: published values, the literal formula, laws, blocks and bad input."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses import row_blocks
from worker.losses.infonce import InfoNCELoss, infonce
from worker.losses.pair_similarity import similarities

FILE = Path(__file__).parent / "golden_infonce.json"
CASES = [c for c in json.loads(FILE.read_text())["cases"] if c["name"].startswith("cl-ica")]
SIMILARITIES = ["cosine", "dot", "neg_l2", "neg_l2_squared", "neg_l1"]
each_similarity = pytest.mark.parametrize("similarity", SIMILARITIES)
TOLERANCE = {torch.float64: (1e-9, 1e-9), torch.float32: (2e-5, 1e-4)}


def pairs(rows=6, dims=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(2, rows, dims, generator=generator, dtype=torch.float64).to(dtype)
    return drawn[0].requires_grad_(), drawn[1].requires_grad_()


def alike(a, b, similarity):
    """Similarity of two vectors, literally."""
    match similarity:
        case "cosine":
            return (a @ b) / (a.norm() * b.norm())
        case "dot":
            return a @ b
        case "neg_l2":
            return -(a - b).norm()
        case "neg_l2_squared":
            return -(a - b).square().sum()
        case "neg_l1":
            return -(a - b).abs().sum()


def literal(z, positive, t, similarity, *, negative_of, decoupled=False):
    terms = []
    for i in range(len(z)):
        own = torch.exp(alike(z[i], positive[i], similarity) / t)
        others = [torch.exp(alike(z[i], n, similarity) / t) for n in negative_of(i)]
        terms.append(-torch.log(own / (sum(others) + (0 if decoupled else own))))
    return torch.stack(terms).mean()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"] + str(case["params"]))
def test_the_published_code_is_reproduced(case, dtype):
    z, positive = (
        torch.tensor(case["inputs"][name], dtype=dtype, requires_grad=True) for name in ("z1", "z2")
    )
    settings, shift = {"similarity": "dot", "temperature": case["params"]["tau"]}, 0.0
    if "Lp" in case["name"]:
        negative = torch.tensor(case["inputs"]["z3"], dtype=dtype)
        settings["similarity"] = {1: "neg_l1", 2: "neg_l2_squared"}[case["params"]["p"]]
        if not case["params"]["simclr_compatibility_mode"]:
            settings["decoupled"], shift = True, math.log(len(negative))  # theirs is of the mean
    else:
        negative = z
    value = infonce(z, positive, negative, **settings)
    value.backward()
    loose, looser = TOLERANCE[dtype]
    assert value.item() - shift == pytest.approx(case["outputs"]["loss"], rel=loose)
    for tensor, name in ((z, "grad_z1"), (positive, "grad_z2")):
        golden = torch.tensor(case["outputs"][name], dtype=dtype)
        torch.testing.assert_close(tensor.grad, golden, rtol=looser, atol=looser * 0.1)


@each_similarity
@pytest.mark.parametrize("decoupled", [False, True])
def test_in_the_batch_it_is_the_formula(similarity, decoupled):
    z, positive = pairs()
    settings = {"similarity": similarity, "decoupled": decoupled}
    value = infonce(z, positive, temperature=0.7, **settings)
    expected = literal(
        z, positive, 0.7, negative_of=lambda i: [p for j, p in enumerate(positive) if j != i],
        **settings,
    )  # fmt: skip
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    found = torch.autograd.grad(value, (z, positive))
    for mine, theirs in zip(found, torch.autograd.grad(expected, (z, positive)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


@each_similarity
def test_both_directions_are_the_mean_of_each(similarity):
    z, positive = pairs()
    settings = {"similarity": similarity, "temperature": 0.5}
    both = infonce(z, positive, symmetric=True, **settings)
    one, other = infonce(z, positive, **settings), infonce(positive, z, **settings)
    assert both.item() == pytest.approx(0.5 * (one + other).item(), rel=1e-12)
    assert both.item() == infonce(positive, z, symmetric=True, **settings).item()


def test_values_by_hand():
    eye = torch.eye(2, dtype=torch.float64)
    assert infonce(eye, eye, temperature=1.0).item() == pytest.approx(math.log1p(math.exp(-1)))
    # Distances 0 and 5 from the first anchor, 5 and 0 from the second.
    z = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    value = infonce(z, z, temperature=5.0, similarity="neg_l2")
    assert value.item() == pytest.approx(math.log1p(math.exp(-1)))
    far = infonce(z, z, torch.tensor([[0.0, 5.0]]).double(), temperature=5.0, similarity="neg_l2")
    expected = 0.5 * (math.log1p(math.exp(-1)) + math.log1p(math.exp(-math.sqrt(10) / 5)))
    assert far.item() == pytest.approx(expected)


@each_similarity
def test_latents_that_are_all_one_point_have_the_log_of_the_candidates(similarity):
    z = torch.ones(5, 3, dtype=torch.float64, requires_grad=True)
    value = infonce(z, z, similarity=similarity)
    value.backward()
    assert value.item() == pytest.approx(math.log(5))
    torch.testing.assert_close(z.grad, torch.zeros_like(z), rtol=0, atol=1e-12)


@each_similarity
def test_neither_order_nor_scale_matter(similarity):
    z, positive = pairs()
    value = infonce(z, positive, similarity=similarity, temperature=0.5).item()
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    same = [infonce(z[order], positive[order], similarity=similarity, temperature=0.5)]
    power = {"cosine": 0, "neg_l2": 1, "neg_l1": 1, "dot": 2, "neg_l2_squared": 2}[similarity]
    t = 0.5 * 3**power
    same.append(infonce(3 * z, 3 * positive, similarity=similarity, temperature=t))
    assert [other.item() for other in same] == pytest.approx([value] * 2, rel=1e-12)


@each_similarity
def test_it_is_never_below_zero_and_bounded_where_positives_are_nearest(similarity):
    z, positive = pairs(20)
    assert infonce(z, positive, similarity=similarity).item() > 0
    nearest = infonce(z, z, similarity="cosine" if similarity == "dot" else similarity)
    assert 0 < nearest.item() <= math.log(20)


def test_a_distance_does_not_see_the_origin_but_a_cosine_does():
    z, positive = pairs()
    offset = torch.tensor([10.0, -3.0, 2.0]).double()
    for similarity in ("neg_l2", "neg_l1", "neg_l2_squared"):
        value = infonce(z + offset, positive + offset, similarity=similarity)
        assert value.item() == pytest.approx(infonce(z, positive, similarity=similarity).item())
    assert infonce(z + offset, positive + offset).item() != pytest.approx(
        infonce(z, positive).item(), rel=0.1
    )


@each_similarity
@pytest.mark.parametrize("symmetric", [False, True])
def test_rows_of_a_group_are_not_each_others_negatives(similarity, symmetric):
    z, positive = pairs()
    settings = {"similarity": similarity, "symmetric": symmetric, "temperature": 0.5}
    # Six designs, of which two were measured twice.
    rows = torch.tensor([0, 1, 1, 2, 3, 4, 5, 5])
    value = infonce(z[rows], positive[rows], group_B=rows, **settings)
    groups = [[p for j, p in zip(rows, positive[rows], strict=True) if j != i] for i in rows]
    expected = literal(
        z[rows], positive[rows], 0.5, similarity, negative_of=lambda row: groups[row]
    )
    if symmetric:
        swapped = [[p for j, p in zip(rows, z[rows], strict=True) if j != i] for i in rows]
        other = literal(
            positive[rows], z[rows], 0.5, similarity, negative_of=lambda row: swapped[row]
        )
        expected = 0.5 * (expected + other)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


@each_similarity
@pytest.mark.parametrize("symmetric", [False, True])
def test_absent_rows_are_not_read(similarity, symmetric):
    z, positive = pairs(7)
    settings = {"similarity": similarity, "symmetric": symmetric}
    present = torch.tensor([True, True, False, True, True, True, False])
    with torch.no_grad():
        z[2], positive[6] = math.nan, math.inf
    value = infonce(z, positive, present_B=present, **settings)
    value.backward()
    kept = infonce(z.detach()[present], positive.detach()[present], **settings)
    assert value.item() == pytest.approx(kept.item(), rel=1e-12)
    for tensor in (z, positive):
        assert torch.isfinite(tensor.grad).all()
        assert (tensor.grad[~present] == 0).all()


@each_similarity
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("given", [False, True], ids=["in the batch", "given"])
def test_blocks_of_rows_change_nothing_and_make_no_matrix(
    monkeypatch, similarity, decoupled, given
):
    z, positive = pairs(50)
    negative = positive.detach()[:40] + 0.1 if given else None
    settings = {"similarity": similarity, "decoupled": decoupled, "symmetric": True}
    whole = infonce(z, positive, negative, **settings)
    expected = torch.autograd.grad(whole, (z, positive))
    monkeypatch.setattr(row_blocks, "_BLOCK", 7 * 50)
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = infonce(z, positive, negative, **settings)
        found = torch.autograd.grad(value, (z, positive))
    assert value.item() == pytest.approx(whole.item(), rel=1e-12)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)
    assert max(kept) <= 7 * 51  # a block, and the positive


@each_similarity
def test_gradients_are_those_of_differences(similarity):
    z, positive = pairs(4)
    negative = pairs(3)[0]
    groups = torch.tensor([0, 1, 1, 2])
    present = torch.tensor([True, True, True, False])
    settings = {"similarity": similarity, "temperature": 0.5, "symmetric": True}
    assert torch.autograd.gradcheck(
        lambda a, b: infonce(a, b, group_B=groups, present_B=present, **settings), (z, positive)
    )
    assert torch.autograd.gradcheck(
        lambda a, b, c: infonce(a, b, c, decoupled=True, **settings), (z, positive, negative)
    )


@each_similarity
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_type_is_kept_and_half_is_worked_on_in_float32(dtype, similarity):
    z, positive = pairs(12, dtype=dtype)
    # exp(1 / t) overflows in float16 from t = 0.09 and in float32 from 0.011.
    settings = {"similarity": similarity, "temperature": 0.01, "symmetric": True}
    value = infonce(z, positive, **settings)
    value.backward()
    assert value.dtype is z.grad.dtype is dtype
    exact = infonce(z.detach().double(), positive.detach().double(), **settings).item()
    loose = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 0) + 2e-5
    assert value.item() == pytest.approx(exact, rel=loose)
    assert torch.isfinite(z.grad).all()


def test_float32_tells_near_neighbours_apart_far_from_the_origin():
    z, positive = (1e-2 * x.detach() + 100.0 for x in pairs(30))
    settings = {"similarity": "neg_l2", "temperature": 0.01}
    rounded = (z.float(), positive.float())
    exact = infonce(*(x.double() for x in rounded), **settings).item()
    assert infonce(*rounded, **settings).item() == pytest.approx(exact, rel=2e-5)


@each_similarity
def test_no_value_is_looked_at(similarity):
    z, positive = pairs()
    groups, present = torch.arange(6) // 2, torch.ones(6, dtype=torch.bool)
    settings = {"similarity": similarity, "symmetric": True}
    with Unread():
        infonce(z, positive, group_B=groups, present_B=present, **settings).backward()


@pytest.mark.gpu
@each_similarity
def test_a_gpu_agrees(similarity):
    z, positive = pairs(300, 8, dtype=torch.float32)
    settings = {"similarity": similarity, "temperature": 0.5, "symmetric": True}
    value = infonce(z, positive, **settings)
    value.backward()
    on_gpu = [x.detach().cuda().requires_grad_() for x in (z, positive)]
    there = infonce(*on_gpu, **settings)
    there.backward()
    assert there.is_cuda
    assert there.item() == pytest.approx(value.item(), rel=2e-5)
    torch.testing.assert_close(on_gpu[0].grad.cpu(), z.grad, rtol=1e-4, atol=1e-6)


@each_similarity
@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("rows", [0, 1])
def test_without_a_negative_it_is_zero_with_a_graph(rows, similarity, decoupled):
    z, positive = pairs(rows)
    value = infonce(z, positive, similarity=similarity, decoupled=decoupled)
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


@each_similarity
def test_with_every_row_absent_or_of_one_group_it_is_zero_with_a_graph(similarity):
    for options in (
        {"present_B": torch.zeros(6, dtype=torch.bool)},
        {"group_B": torch.zeros(6, dtype=torch.int64)},
    ):
        z, positive = pairs()
        value = infonce(z, positive, similarity=similarity, **options)
        value.backward()
        assert value.item() == pytest.approx(0, abs=1e-12)
        torch.testing.assert_close(z.grad, torch.zeros_like(z), rtol=0, atol=1e-12)


def test_latents_of_length_zero_have_cosine_zero_and_no_gradient():
    z, positive = torch.zeros(4, 3, requires_grad=True), torch.zeros(4, 3, requires_grad=True)
    value = infonce(z, positive, symmetric=True)
    value.backward()
    assert value.item() == pytest.approx(math.log(4), rel=1e-6)
    assert (z.grad == 0).all()
    assert (positive.grad == 0).all()


@each_similarity
@pytest.mark.parametrize("bad", [math.inf, math.nan])
@pytest.mark.parametrize("which", [0, 1], ids=["anchor", "positive"])
def test_latents_that_are_not_finite_make_the_loss_so(bad, similarity, which):
    both = [x.detach().float() for x in pairs()]
    both[which][2, 1] = bad
    assert not math.isfinite(infonce(*both, similarity=similarity).item())


def test_the_module_is_the_function():
    z, positive = pairs()
    settings = {"temperature": 0.3, "similarity": "neg_l2", "symmetric": True, "decoupled": True}
    value = InfoNCELoss(**settings)(z, positive, group_B=torch.arange(6) // 2)
    assert value.item() == infonce(z, positive, group_B=torch.arange(6) // 2, **settings).item()
    with pytest.raises(ValueError, match="temperature"):
        InfoNCELoss(temperature=0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(3, 2), torch.zeros(4, 2)), r"\(3, 2\) and \(4, 2\)"),
        ((torch.zeros(3), torch.zeros(3)), r"\[B, D\]"),
        ((torch.zeros(3, 0), torch.zeros(3, 0)), "at least one dimension"),
        ((torch.zeros(3, 2).long(), torch.zeros(3, 2).long()), "floating type, not torch.int64"),
        ((torch.zeros(3, 2), torch.zeros(3, 2).double()), "one floating type"),
        ((torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(4, 3)), r"\[M, D\].*\(4, 3\)"),
        ((torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3, 4, 2)), r"\[M, D\]"),
        ((torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(4, 2).double()), "torch.float64"),
    ],
)
def test_refuses_tensors_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        infonce(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "above 0"),
        ({"temperature": -1.0}, "above 0"),
        ({"temperature": math.nan}, "above 0"),
        ({"temperature": math.inf}, "finite"),
        ({"similarity": "euclid"}, "'euclid' is none of cosine"),
        ({"group_B": torch.zeros(2)}, "group_B"),
        ({"present_B": torch.ones(3, 1, dtype=torch.bool)}, "present_B"),
        ({"negative_MD": torch.zeros(4, 2), "group_B": torch.zeros(3)}, "negatives in the batch"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        infonce(torch.zeros(3, 2), torch.zeros(3, 2), **settings)


@each_similarity
def test_similarities_are_those_of_each_pair_and_broadcast(similarity):
    a, b = pairs(4)
    found = similarities(a, b, similarity)
    expected = torch.stack([torch.stack([alike(x, y, similarity) for y in b]) for x in a])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)
    single = similarities(a.float(), b.float(), similarity)
    torch.testing.assert_close(single, expected.float(), rtol=2e-5, atol=1e-6)
    batched = similarities(a[:, None], b.expand(4, 4, 3), similarity)[:, 0]
    torch.testing.assert_close(batched, expected, rtol=1e-12, atol=1e-14)
