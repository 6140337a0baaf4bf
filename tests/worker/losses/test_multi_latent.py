"""The contrastive loss in several latent spaces: published values, laws, bad input."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.multi_latent import MultiLatentLoss, multi_latent
from worker.losses.supcon import supcon

FILE = Path(__file__).parent / "golden_supcon.json"
CASES = [c for c in json.loads(FILE.read_text())["cases"] if c["loss"] == "eq2"]
TOLERANCE = {torch.float64: (1e-9, 1e-9), torch.float32: (2e-5, 1e-4)}
LABELS = torch.tensor([0, 1, 2, 0, 1, 0, 2, 2])
NAN = math.nan
each_kind = pytest.mark.parametrize("positives", ["label", "one_vs_rest"])


def latents(rows=8, spaces=3, dims=2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(rows, spaces, dims, generator=generator, dtype=torch.float64)
    return z.to(dtype).requires_grad_()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['name']} {c['tau']} {c['reduction']}")
def test_the_literal_double_loop_is_reproduced(case, dtype):
    z = torch.tensor(case["z"], dtype=dtype, requires_grad=True)
    reduction = "sum" if case["reduction"] == "sum" else "mean"
    labels = torch.tensor(case["labels"])
    value = multi_latent(z, labels, temperature=case["tau"], reduction=reduction)
    value.backward()
    loose, looser = TOLERANCE[dtype]
    assert value.item() == pytest.approx(case["value"], rel=loose)
    golden = torch.tensor(case["grad"], dtype=dtype)
    torch.testing.assert_close(z.grad, golden, rtol=looser, atol=looser * 0.1)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_it_is_the_sum_of_supcon_over_the_spaces(reduction):
    z = latents()
    settings = {"temperature": 0.5, "reduction": reduction}
    plain = sum(supcon(z[:, k], LABELS[:, None], **settings) for k in range(3))
    assert multi_latent(z, LABELS, **settings).item() == pytest.approx(plain.item(), rel=1e-12)
    each = sum(supcon(z[:, k], (k == LABELS)[:, None], **settings) for k in range(3))
    value = multi_latent(z, LABELS, positives="one_vs_rest", **settings)
    assert value.item() == pytest.approx(each.item(), rel=1e-12)


def test_value_by_hand():
    # Space 0 tells class 0 from the rest: pairs (a, b) along one axis, (c, d) along the other.
    # Space 1 has all in one point.
    z = torch.zeros(4, 2, 2, dtype=torch.float64)
    z[:, 1] = 1.0
    z[:2, 0, 0] = z[2:, 0, 1] = 1.0
    labels = torch.tensor([0, 0, 1, 2])
    # Anchors a and b: cosine 1 with one another, 0 with two others.
    alone = math.log1p(2 * math.exp(-1))
    value = multi_latent(z, labels, temperature=1.0)
    assert value.item() == pytest.approx(alone + math.log(3), rel=1e-12)
    # One against the rest: in space 0 c and d have one another too; in space 1 class 1 is c, and
    # a, b and d are the rest.
    value = multi_latent(z, labels, temperature=1.0, positives="one_vs_rest")
    assert value.item() == pytest.approx(alone + math.log(3), rel=1e-12)


def test_permuting_the_spaces_shows_only_where_each_is_tied_to_its_class():
    z, order = latents(), torch.tensor([2, 0, 1])
    plain = multi_latent(z, LABELS).item()
    assert multi_latent(z[:, order], LABELS).item() == pytest.approx(plain, rel=1e-12)
    tied = multi_latent(z, LABELS, positives="one_vs_rest").item()
    shuffled = multi_latent(z[:, order], LABELS, positives="one_vs_rest").item()
    assert abs(shuffled - tied) > 0.1
    renamed = torch.argsort(order)[LABELS]
    again = multi_latent(z[:, order], renamed, positives="one_vs_rest")
    assert again.item() == pytest.approx(tied, rel=1e-12)


@each_kind
def test_neither_order_nor_the_length_in_a_space_matter(positives):
    z = latents()
    value = multi_latent(z, LABELS, positives=positives).item()
    order = torch.tensor([3, 1, 0, 5, 7, 4, 2, 6])
    lengths = torch.tensor([1.0, 5.0, 0.01]).double()[:, None]
    same = [
        multi_latent(z[order], LABELS[order], positives=positives),
        multi_latent(z * lengths, LABELS, positives=positives),
        multi_latent(z.flatten(1).view(8, 3, 2), LABELS.double(), positives=positives),
    ]
    assert [other.item() for other in same] == pytest.approx([value] * 3, rel=1e-12)


@each_kind
def test_gradients_are_those_of_differences(positives):
    labels = LABELS.double()
    labels[4] = NAN
    settings = {"positives": positives, "temperature": 0.5}
    assert torch.autograd.gradcheck(lambda z: multi_latent(z, labels, **settings), (latents(),))


@each_kind
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_type_is_kept_and_half_is_worked_on_in_float32(dtype, positives):
    z = latents(dtype=dtype)
    settings = {"positives": positives, "temperature": 0.01}
    value = multi_latent(z, LABELS, **settings)
    value.backward()
    assert value.dtype is z.grad.dtype is dtype
    exact = multi_latent(z.detach().double(), LABELS, **settings).item()
    loose = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 0) + 2e-5
    assert value.item() == pytest.approx(exact, rel=loose)


@each_kind
def test_no_value_is_looked_at(positives):
    with Unread():
        multi_latent(latents(), LABELS.double(), positives=positives).backward()


@pytest.mark.gpu
@each_kind
def test_a_gpu_agrees(positives):
    z, labels = latents(90, dtype=torch.float32), torch.arange(90) % 3
    value = multi_latent(z, labels, positives=positives)
    value.backward()
    on_gpu = z.detach().cuda().requires_grad_()
    there = multi_latent(on_gpu, labels.cuda(), positives=positives)
    there.backward()
    assert there.is_cuda
    assert there.item() == pytest.approx(value.item(), rel=2e-5)
    torch.testing.assert_close(on_gpu.grad.cpu(), z.grad, rtol=1e-4, atol=1e-6)


@each_kind
@pytest.mark.parametrize(
    ("labels", "spaces"),
    [
        (torch.zeros(0), 3),
        (torch.full((5,), NAN), 3),
        (torch.tensor([1.0, NAN, NAN]), 3),
        (torch.tensor([0, 1]), 2),
        (torch.tensor([0, 1, 1]), 0),
    ],
    ids=["no rows", "all NaN", "one label", "all different", "no spaces"],
)
def test_without_a_positive_it_is_zero_with_a_graph(labels, spaces, positives):
    z = latents(len(labels), spaces)
    value = multi_latent(z, labels, positives=positives)
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


@each_kind
def test_the_latent_of_a_row_without_a_label_is_not_read(positives):
    z, labels = latents(), LABELS.double()
    labels[2] = NAN
    with torch.no_grad():
        z[2] = math.inf
    value = multi_latent(z, labels, positives=positives)
    value.backward()
    kept = ~torch.isnan(labels)
    expected = multi_latent(latents()[kept], labels[kept], positives=positives)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    assert torch.isfinite(z.grad).all()
    assert (z.grad[2] == 0).all()


def test_a_class_without_a_space_is_of_the_rest_in_all():
    z = latents()
    other = torch.where(LABELS == 2, 17, LABELS)
    value = multi_latent(z[:, :2], other, positives="one_vs_rest")
    expected = multi_latent(z[:, :2], LABELS, positives="one_vs_rest")
    assert value.item() == expected.item()


@each_kind
@pytest.mark.parametrize("bad", [math.inf, NAN])
def test_latents_that_are_not_finite_make_the_loss_so(bad, positives):
    z = latents().detach()
    z[1, 2, 0] = bad
    assert not math.isfinite(multi_latent(z, LABELS, positives=positives).item())


@each_kind
def test_latents_of_length_zero_have_cosine_zero_and_no_gradient(positives):
    z = torch.zeros(8, 3, 2, requires_grad=True)
    value = multi_latent(z, LABELS, positives=positives)
    value.backward()
    assert value.item() == pytest.approx(3 * math.log(7), rel=1e-6)
    assert (z.grad == 0).all()


def test_the_module_is_the_function():
    settings = {"temperature": 0.3, "positives": "one_vs_rest", "reduction": "sum"}
    value = MultiLatentLoss(**settings)(latents(), LABELS)
    assert value.item() == multi_latent(latents(), LABELS, **settings).item()
    with pytest.raises(ValueError, match="temperature"):
        MultiLatentLoss(temperature=0.0)


@pytest.mark.parametrize(
    ("z", "labels", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(3), r"\[B, C, K\]"),
        (torch.zeros(3, 2, 2), torch.zeros(3, 1), r"\(3, 1\)"),
        (torch.zeros(3, 2, 2), torch.zeros(4), r"\(4,\)"),
        (torch.zeros(3, 2, 0), torch.zeros(3), "at least one dimension"),
        (torch.zeros(3, 2, 2).long(), torch.zeros(3), "float, not torch.int64"),
        (torch.zeros(3, 2, 2), torch.zeros(3, dtype=torch.complex64), "must be real"),
    ],
)
def test_refuses_tensors_that_do_not_fit(z, labels, message):
    with pytest.raises(ValueError, match=message):
        multi_latent(z, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "above 0"),
        ({"positives": "rest"}, "'rest' is none of label, one_vs_rest"),
        ({"reduction": "none"}, "'none' is none of mean, sum"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        multi_latent(torch.zeros(3, 2, 2), torch.zeros(3), **settings)
