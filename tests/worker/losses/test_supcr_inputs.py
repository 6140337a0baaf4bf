"""What SupCR answers to input that is empty, degenerate or wrong."""

import math

import pytest
import torch

from tests.worker.losses.implementations import BOTH
from worker.losses.supcr import supcr, tie_lower_bound
from worker.losses.supcr_rnc import rank_n_contrast

SIMILARITIES = pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])


def latents(rows, dims=3, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, dims, generator=generator, dtype=dtype).requires_grad_()


@BOTH
@SIMILARITIES
@pytest.mark.parametrize(
    "labels",
    [
        torch.zeros(0, 2),
        torch.zeros(5, 0),
        torch.full((5, 2), math.nan),
        torch.tensor([[1.0], [math.nan], [math.nan], [math.nan], [math.nan]]),
        torch.tensor([[1.0, math.nan], [math.nan, 2.0]]),
        torch.tensor([[1.0], [2.0], [math.nan]]),
    ],
    ids=["no rows", "no columns", "all NaN", "one label", "one a column", "two labels"],
)
def test_without_a_choice_the_loss_is_zero_with_a_graph(labels, similarity, implementation):
    z = latents(len(labels))
    value = supcr(z, labels, similarity=similarity, implementation=implementation)
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-5)
    torch.testing.assert_close(z.grad, torch.zeros_like(z), rtol=0, atol=1e-5)


@BOTH
@SIMILARITIES
def test_all_labels_equal_is_the_mean_of_plain_softmaxes(similarity, implementation):
    z = latents(6, dtype=torch.float64)
    labels = torch.full((6, 1), 2.5)
    value = supcr(z, labels, temperature=0.5, similarity=similarity, implementation=implementation)
    if similarity == "cosine":
        unit = z / z.norm(dim=1, keepdim=True)
        logits = unit @ unit.T / 0.5
    else:
        logits = -(z[:, None] - z).norm(dim=2) / 0.5
    logits = logits.masked_fill(torch.eye(6, dtype=torch.bool), -math.inf)
    terms = (logits.logsumexp(dim=1, keepdim=True) - logits)[~torch.eye(6, dtype=torch.bool)]
    assert value.item() == pytest.approx(terms.mean().item(), rel=1e-12)
    assert value >= tie_lower_bound(labels)[0]


@BOTH
def test_latents_of_length_zero_have_cosine_zero_and_no_gradient(implementation):
    z = torch.zeros(4, 3, requires_grad=True)
    labels = torch.tensor([[0.0], [1.0], [2.0], [4.0]])
    value = supcr(z, labels, implementation=implementation)
    value.backward()
    # Without a difference between rows, each term is the log of how many are at least as far:
    # (3 2 1), (3 3 1), (3 2 2), (3 2 1).
    expected = math.log(6 * 9 * 12 * 6) / 12
    assert value.item() == pytest.approx(expected, rel=1e-6)
    assert (z.grad == 0).all()


@BOTH
@SIMILARITIES
@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_latents_that_are_not_finite_make_the_loss_so(bad, similarity, implementation):
    z = torch.randn(5, 3)
    z[2, 1] = bad
    labels = torch.arange(5.0)[:, None]
    value = supcr(z, labels, similarity=similarity, implementation=implementation)
    assert not math.isfinite(value.item())


@BOTH
@SIMILARITIES
def test_the_latent_of_a_row_without_a_label_is_not_read(similarity, implementation):
    z = latents(5)
    with torch.no_grad():
        z[4] = math.nan
    labels = torch.tensor([[0.0], [2.0], [1.0], [3.0], [math.nan]])
    value = supcr(z, labels, similarity=similarity, implementation=implementation)
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(z.grad[:4]).all()
    assert (z.grad[4] == 0).all()


@BOTH
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
def test_integer_labels_are_labels(dtype, implementation):
    z = latents(6)
    labels = torch.tensor([[0], [1], [1], [0], [1], [0]])
    value = supcr(z, labels.to(dtype), implementation=implementation)
    assert value.item() == supcr(z, labels.double(), implementation=implementation).item()


@BOTH
@SIMILARITIES
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_latents_are_worked_on_in_float32(dtype, similarity, implementation):
    z = latents(20).detach().to(dtype).requires_grad_()
    labels = torch.randn(20, 1, generator=torch.Generator().manual_seed(1))
    # The published code overflows in float16 already at 0.09.
    options = {"temperature": 0.01, "similarity": similarity, "implementation": implementation}
    value = supcr(z, labels, **options)
    value.backward()
    assert value.dtype is z.grad.dtype is dtype
    assert value.item() == pytest.approx(supcr(z.float(), labels, **options).item(), rel=1e-2)
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_of_the_latents_is_kept(dtype):
    z = latents(4, dtype=dtype)
    value = supcr(z, torch.arange(4.0)[:, None])
    value.backward()
    assert value.dtype is z.grad.dtype is dtype


@pytest.mark.parametrize(
    ("z", "labels", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(4, 1), r"shapes \(3, 2\) and \(4, 1\)"),
        (torch.zeros(3, 2), torch.zeros(3), r"\(3,\)"),
        (torch.zeros(3), torch.zeros(3, 1), r"\(3,\)"),
        (torch.zeros(3, 0), torch.zeros(3, 1), "at least one dimension"),
        (torch.zeros(3, 2, dtype=torch.int64), torch.zeros(3, 1), "float, not torch.int64"),
        (torch.zeros(3, 2), torch.zeros(3, 1, dtype=torch.complex64), "must be real"),
        (torch.zeros(3, 2), torch.tensor([[0.0], [1.0], [math.inf]]), "finite, or NaN"),
    ],
)
def test_refuses_tensors_that_do_not_fit(z, labels, message):
    with pytest.raises(ValueError, match=message):
        supcr(z, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "above 0"),
        ({"temperature": -1.0}, "above 0"),
        ({"temperature": math.nan}, "above 0"),
        ({"temperature": math.inf}, "finite"),
        ({"similarity": "dot"}, "'dot' is none of"),
        ({"ties": "none"}, "'none' is none of"),
        ({"implementation": "jax"}, "'jax' is none of"),
        ({"column_weights": torch.ones(2)}, "2 column weights for 1 label columns"),
    ],
)
def test_refuses_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        supcr(torch.zeros(3, 2), torch.zeros(3, 1), **settings)


def test_rank_n_contrast_leaves_incomplete_rows_out():
    z = latents(10).reshape(5, 2, 3)
    labels = torch.tensor([[0.0, 1.0], [2.0, 2.0], [1.0, math.nan], [3.0, 0.0], [5.0, 1.0]])
    kept = torch.tensor([0, 1, 3, 4])
    value = rank_n_contrast(z, labels)
    assert value.item() == pytest.approx(rank_n_contrast(z[kept], labels[kept]).item(), rel=1e-6)
    nothing = rank_n_contrast(z, torch.full((5, 2), math.nan))
    nothing.backward()
    assert nothing.item() == 0


@pytest.mark.parametrize(
    ("z", "labels", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(3, 1), r"views \[B, V, D\]"),
        (torch.zeros(3, 2, 2), torch.zeros(4, 1), r"\(4, 1\)"),
        (torch.zeros(3, 2, 2), torch.full((3, 2), math.inf), "finite, or NaN"),
    ],
)
def test_rank_n_contrast_refuses_tensors_that_do_not_fit(z, labels, message):
    with pytest.raises(ValueError, match=message):
        rank_n_contrast(z, labels)
