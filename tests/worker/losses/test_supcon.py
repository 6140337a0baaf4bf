"""SupCon and its sum over spaces: published values, the literal formula, laws, bad input."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses import row_blocks
from worker.losses.infonce import infonce
from worker.losses.supcon import SupConLoss, supcon

FILE = Path(__file__).parent / "golden_supcon.json"
CASES = [c for c in json.loads(FILE.read_text())["cases"] if c["loss"] == "eq1"]
TOLERANCE = {torch.float64: (1e-9, 1e-9), torch.float32: (2e-5, 1e-4)}
each_similarity = pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
NAN = math.nan


def latents(rows=8, dims=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(rows, dims, generator=generator, dtype=torch.float64)
    return z.to(dtype).requires_grad_()


LABELS = torch.tensor([[0, 2], [1, 2], [0, 1], [2, 1], [1, 1], [0, 2], [3, 2], [1, 1]])
MISSING = LABELS.double()
MISSING[3, 1] = MISSING[0, 0] = MISSING[7, 0] = MISSING[7, 1] = NAN


def literal(z, labels, t, similarity):
    """The loss of one column in loops: every anchor's, NaN without a positive."""
    terms = []
    known = [i for i in range(len(z)) if labels[i] == labels[i]]
    for i in known:
        others = [k for k in known if k != i]
        positives = [k for k in others if labels[k] == labels[i]]

        def alike(k, i=i):
            if similarity == "neg_l2":
                return -(z[i] - z[k]).norm() / t
            return z[i] @ z[k] / (z[i].norm() * z[k].norm()) / t

        total = sum(torch.exp(alike(k)) for k in others) if others else 1
        logs = [torch.log(torch.exp(alike(p)) / total) for p in positives]
        if logs:
            terms.append(-sum(logs) / len(logs))
    return terms


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']} {c['tau']} {c['reduction']}")
def test_the_literal_double_loop_is_reproduced(case, dtype):
    z = torch.tensor(case["z"], dtype=dtype, requires_grad=True)
    labels = torch.tensor(case["labels"])[:, None]
    reduction = "sum" if case["reduction"] == "sum" else "mean"
    value = supcon(z, labels, temperature=case["tau"], reduction=reduction)
    value.backward()
    loose, looser = TOLERANCE[dtype]
    assert value.item() == pytest.approx(case["value"], rel=loose, abs=1e-6 * (loose > 1e-6))
    golden = torch.tensor(case["grad"], dtype=dtype)
    torch.testing.assert_close(z.grad, golden, rtol=looser, atol=looser * 0.1)


@each_similarity
def test_it_is_the_mean_of_the_columns_with_a_positive(similarity):
    z = latents()
    value = supcon(z, MISSING, temperature=0.5, similarity=similarity)
    columns = [torch.stack(literal(z, MISSING[:, y], 0.5, similarity)).mean() for y in range(2)]
    expected = 0.5 * (columns[0] + columns[1])
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    (grad,) = torch.autograd.grad(value, z)
    (golden,) = torch.autograd.grad(expected, z)
    torch.testing.assert_close(grad, golden, rtol=1e-9, atol=1e-12)
    weighted = supcon(
        z, MISSING, temperature=0.5, similarity=similarity, column_weights=torch.tensor([1.0, 3.0])
    )
    assert weighted.item() == pytest.approx((0.25 * columns[0] + 0.75 * columns[1]).item())


@each_similarity
def test_the_sum_is_over_the_anchors_that_have_a_positive(similarity):
    z = latents()
    settings = {"temperature": 0.5, "similarity": similarity}
    terms = literal(z, LABELS[:, 0].double(), t=0.5, similarity=similarity)
    assert len(terms) == 6
    total = supcon(z, LABELS[:, :1], reduction="sum", **settings)
    assert total.item() == pytest.approx(torch.stack(terms).sum().item(), rel=1e-12)
    mean = supcon(z, LABELS[:, :1], **settings)
    assert mean.item() == pytest.approx(total.item() / 6, rel=1e-12)


def test_value_by_hand():
    # Of three rows two are of a class and point one way, the third across: cosines 1 and 0.
    z = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    labels = torch.tensor([[7], [7], [9]])
    expected = math.log1p(math.exp(-2))
    assert supcon(z, labels, temperature=0.5).item() == pytest.approx(expected, rel=1e-12)


@each_similarity
def test_neither_names_nor_order_nor_scale_matter(similarity):
    z = latents()
    settings = {"similarity": similarity}
    value = supcon(z, MISSING, temperature=0.5, **settings).item()
    order = torch.tensor([3, 1, 0, 5, 7, 4, 2, 6])
    renamed = torch.where(MISSING == 2, -7.5, 10 * MISSING)
    scale = 1 if similarity == "cosine" else 3
    same = [
        supcon(z[order], MISSING[order], temperature=0.5, **settings),
        supcon(z, renamed, temperature=0.5, **settings),
        supcon(3 * z, MISSING, temperature=0.5 * scale, **settings),
        supcon(z, MISSING.float(), temperature=0.5, **settings),
    ]
    assert [other.item() for other in same] == pytest.approx([value] * 4, rel=1e-12)


@each_similarity
def test_it_is_never_below_the_log_of_the_positives_which_classes_far_apart_reach(similarity):
    labels = torch.tensor([[0], [0], [0], [1], [1], [2]])
    bound = (3 * math.log(2) + 2 * math.log(1)) / 5
    assert supcon(latents(6), labels, similarity=similarity).item() > bound
    apart = torch.eye(3, dtype=torch.float64)[labels[:, 0]]
    reached = supcon(apart, labels, similarity=similarity, temperature=0.01)
    assert reached.item() == pytest.approx(bound, rel=1e-12)


def test_two_views_with_the_row_as_their_label_are_the_loss_of_simclr():
    z, other = latents(5), latents(5, dtype=torch.float64).detach().roll(1, 0) + 0.3
    views = torch.cat([z, other])
    value = supcon(views, torch.arange(5).repeat(2)[:, None], temperature=0.5)
    # NT-Xent: the positive is the other view, the negatives all other rows of both views.
    unit = views / views.norm(dim=1, keepdim=True)
    logits = (unit @ unit.T / 0.5).fill_diagonal_(-math.inf)
    target = torch.arange(10).roll(5)
    expected = torch.nn.functional.cross_entropy(logits, target)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    # InfoNCE between the views has half of those negatives.
    assert infonce(z, other, temperature=0.5, symmetric=True).item() < value.item()


@each_similarity
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients_are_those_of_differences(similarity, reduction):
    settings = {"similarity": similarity, "reduction": reduction, "temperature": 0.5}
    assert torch.autograd.gradcheck(lambda z: supcon(z, MISSING, **settings), (latents(),))


@each_similarity
def test_blocks_of_rows_change_nothing_and_make_no_matrix(monkeypatch, similarity):
    z, labels = latents(50), torch.arange(50)[:, None] % 7
    whole = supcon(z, labels, similarity=similarity)
    (expected,) = torch.autograd.grad(whole, z)
    monkeypatch.setattr(row_blocks, "_BLOCK", 7 * 50)
    kept = []

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = supcon(z, labels, similarity=similarity)
        (found,) = torch.autograd.grad(value, z)
    assert value.item() == pytest.approx(whole.item(), rel=1e-12)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert not supcon(z.detach(), labels, similarity=similarity).requires_grad
    assert max(kept) <= 7 * 50


def test_a_second_derivative_is_refused_where_there_are_blocks_and_right_where_not(monkeypatch):
    z = latents()
    assert torch.autograd.gradgradcheck(lambda z: supcon(z, LABELS, temperature=0.5), (z,))
    monkeypatch.setattr(row_blocks, "_BLOCK", 3 * 8)
    (grad,) = torch.autograd.grad(supcon(z, LABELS), z, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        grad.sum().backward()


@each_similarity
def test_large_batches_are_the_formula_too(similarity):
    z, labels = latents(700, 4), torch.arange(700)[:, None] % 5
    value = supcon(z, labels, similarity=similarity, temperature=0.5)
    with torch.no_grad():
        unit = z / z.norm(dim=1, keepdim=True)
        logits = unit @ unit.T if similarity == "cosine" else -torch.cdist(z, z)
        logits = (logits / 0.5).fill_diagonal_(-math.inf)
        same = (labels == labels.T).fill_diagonal_(False)
        shares = logits.log_softmax(dim=1).masked_fill(~same, 0)
        expected = -(shares.sum(dim=1) / same.sum(dim=1)).mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-9)


@each_similarity
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_type_is_kept_and_half_is_worked_on_in_float32(dtype, similarity):
    z = latents(dtype=dtype)
    settings = {"similarity": similarity, "temperature": 0.01}  # exp(1 / 0.01) is no float32
    value = supcon(z, MISSING, **settings)
    value.backward()
    assert value.dtype is z.grad.dtype is dtype
    exact = supcon(z.detach().double(), MISSING, **settings).item()
    loose = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 0) + 2e-5
    assert value.item() == pytest.approx(exact, rel=loose)
    assert torch.isfinite(z.grad).all()


@each_similarity
def test_no_value_is_looked_at(similarity):
    with Unread():
        supcon(latents(), MISSING, similarity=similarity).backward()


@pytest.mark.gpu
@each_similarity
def test_a_gpu_agrees(similarity):
    z = latents(300, dtype=torch.float32)
    labels = torch.arange(300)[:, None] % 9
    value = supcon(z, labels, similarity=similarity)
    value.backward()
    on_gpu = z.detach().cuda().requires_grad_()
    there = supcon(on_gpu, labels.cuda(), similarity=similarity)
    there.backward()
    assert there.is_cuda
    assert there.item() == pytest.approx(value.item(), rel=2e-5)
    torch.testing.assert_close(on_gpu.grad.cpu(), z.grad, rtol=1e-4, atol=1e-6)


@each_similarity
@pytest.mark.parametrize(
    "labels",
    [
        torch.zeros(0, 2),
        torch.zeros(5, 0),
        torch.full((5, 2), NAN),
        torch.tensor([[1.0], [NAN], [NAN], [NAN], [NAN]]),
        torch.tensor([[1.0, NAN], [NAN, 1.0]]),
        torch.tensor([[0], [1], [2], [3]]),
    ],
    ids=["no rows", "no columns", "all NaN", "one label", "one a column", "all different"],
)
def test_without_a_positive_it_is_zero_with_a_graph(labels, similarity):
    z = latents(len(labels))
    value = supcon(z, labels, similarity=similarity)
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


@each_similarity
def test_one_class_alone_pulls_all_together(similarity):
    z = latents(5)
    value = supcon(z, torch.full((5, 1), 2.5), similarity=similarity, temperature=0.5)
    terms = literal(z, [0.0] * 5, 0.5, similarity)
    assert value.item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-12)
    assert value.item() >= math.log(4)


def test_an_infinite_label_is_a_class_like_any_other():
    z, labels = latents(), LABELS.double()
    labels[labels == 2] = math.inf
    assert supcon(z, labels).item() == pytest.approx(supcon(z, LABELS).item(), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.float16])
def test_integer_labels_are_labels(dtype):
    assert supcon(latents(), LABELS.to(dtype)).item() == supcon(latents(), LABELS.double()).item()
    two = (LABELS == 1).to(torch.float64)
    assert supcon(latents(), LABELS == 1).item() == supcon(latents(), two).item()


@each_similarity
def test_the_latent_of_a_row_without_a_label_is_not_read(similarity):
    z = latents()
    with torch.no_grad():
        z[7] = NAN
    value = supcon(z, MISSING, similarity=similarity)
    value.backward()
    kept = supcon(latents()[:7], MISSING[:7], similarity=similarity)
    assert value.item() == pytest.approx(kept.item(), rel=1e-12)
    assert torch.isfinite(z.grad).all()
    assert (z.grad[7] == 0).all()


@each_similarity
@pytest.mark.parametrize("bad", [math.inf, NAN])
@pytest.mark.parametrize("row", [0, 6], ids=["with a positive", "without"])
def test_latents_that_are_not_finite_make_the_loss_so(bad, row, similarity):
    z = latents().detach()
    z[row, 1] = bad
    assert not math.isfinite(supcon(z, LABELS[:, :1], similarity=similarity).item())


def test_latents_of_length_zero_have_cosine_zero_and_no_gradient():
    z = torch.zeros(8, 3, requires_grad=True)
    value = supcon(z, LABELS)
    value.backward()
    assert value.item() == pytest.approx(math.log(7), rel=1e-6)
    assert (z.grad == 0).all()


def test_the_module_is_the_function():
    weights = torch.tensor([1.0, 3.0])
    settings = {"temperature": 0.3, "similarity": "neg_l2", "reduction": "sum"}
    value = SupConLoss(column_weights=weights, **settings)(latents(), LABELS)
    expected = supcon(latents(), LABELS, column_weights=weights, **settings)
    assert value.item() == expected.item()
    with pytest.raises(ValueError, match="temperature"):
        SupConLoss(temperature=0.0)


@pytest.mark.parametrize(
    ("z", "labels", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(4, 1), r"shapes \(3, 2\) and \(4, 1\)"),
        (torch.zeros(3, 2), torch.zeros(3), r"\(3,\)"),
        (torch.zeros(3, 0), torch.zeros(3, 1), "at least one dimension"),
        (torch.zeros(3, 2).long(), torch.zeros(3, 1), "float, not torch.int64"),
        (torch.zeros(3, 2), torch.zeros(3, 1, dtype=torch.complex64), "must be real"),
    ],
)
def test_refuses_tensors_that_do_not_fit(z, labels, message):
    with pytest.raises(ValueError, match=message):
        supcon(z, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "above 0"),
        ({"temperature": NAN}, "above 0"),
        ({"temperature": math.inf}, "finite"),
        ({"similarity": "euclid"}, "'euclid' is none of cosine"),
        ({"reduction": "none"}, "'none' is none of mean, sum"),
        ({"column_weights": torch.ones(2)}, "2 column weights for 1 label columns"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        supcon(torch.zeros(3, 2), torch.zeros(3, 1), **settings)
