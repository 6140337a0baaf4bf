"""SupCR against the literal formula, values by hand, and laws."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.losses.implementations import BOTH
from worker.losses.supcr import SupCRLoss, supcr


def tensor(rows):
    return torch.tensor(
        [[math.nan if x is None else x for x in row] for row in rows], dtype=torch.float64
    )


def literal(z, labels, temperature, similarity):
    """The formula in loops, one column."""
    rows = [i for i, y in enumerate(labels) if not math.isnan(y)]

    def s(i, k):
        if similarity == "cosine":
            return sum(a * b for a, b in zip(z[i], z[k], strict=True)) / (
                math.hypot(*z[i]) * math.hypot(*z[k])
            )
        return -math.dist(z[i], z[k])

    total = 0.0
    for i in rows:
        for j in rows:
            if i == j:
                continue
            d = abs(labels[i] - labels[j])
            denominator = [
                math.exp(s(i, k) / temperature)
                for k in rows
                if k != i and abs(labels[i] - labels[k]) >= d
            ]
            total -= math.log(math.exp(s(i, j) / temperature) / math.fsum(denominator))
    return total / (len(rows) * (len(rows) - 1))


@BOTH
@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    labels=st.lists(
        st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan]), min_size=4, max_size=9
    ).filter(lambda y: sum(not math.isnan(v) for v in y) >= 2),
)
def test_equals_the_formula_in_loops(similarity, implementation, seed, labels):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(labels), 3, generator=generator, dtype=torch.float64)
    value = supcr(
        z,
        tensor([[y] for y in labels]),
        temperature=0.7,
        similarity=similarity,
        implementation=implementation,
    )
    assert value.item() == pytest.approx(literal(z.tolist(), labels, 0.7, similarity), rel=1e-9)


def test_hand_value_of_a_tie():
    # Labels (0, 0, 1), all similarities equal, t = 1. From anchor 0: the tied one has both
    # others in its denominator (log 2), the far one only itself (0). Anchor 2 sees two tied
    # distances: log 2 each. So (log 2 + log 2 + 2 log 2) / 6.
    z = torch.eye(3, dtype=torch.float64)
    value = supcr(z, tensor([[0.0], [0.0], [1.0]]), temperature=1.0, similarity="cosine")
    assert value.item() == pytest.approx(4 * math.log(2) / 6)


def test_float32_latents_rank_labels_in_float64():
    labels = tensor([[0.1], [0.2], [0.30000000000000004], [0.4], [0.5]])
    z = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wide = supcr(z, labels, temperature=0.5, similarity="neg_l2")
    narrow = supcr(z.float(), labels, temperature=0.5, similarity="neg_l2")
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)


def test_two_labels_give_exactly_zero_and_identical_rows_a_finite_gradient():
    z = torch.ones(4, 3, requires_grad=True)
    two = supcr(z, tensor([[0.0], [1.0], [math.nan], [math.nan]]), temperature=0.1)
    assert two.item() == 0
    supcr(z, tensor([[0.0], [1.0], [2.0], [2.0]]), temperature=1e-3).backward()
    assert torch.isfinite(z.grad).all()


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
@pytest.mark.parametrize("value", [0.0, 0.5, 1 / 3])
def test_rows_that_are_all_the_same_pull_nowhere(value, similarity, dtype, implementation):
    z_BD = torch.full((6, 8), value, dtype=dtype, requires_grad=True)
    labels_BY = torch.arange(6.0)[:, None]
    loss = supcr(z_BD, labels_BY, similarity=similarity, implementation=implementation)
    # Of anchor i and row j, those as far as j or further stand below: equal logits, their number.
    counts = [
        sum(abs(i - k) >= abs(i - j) for k in range(6) if k != i)
        for i in range(6)
        for j in range(6)
        if j != i
    ]
    assert float(loss.detach()) == pytest.approx(sum(map(math.log, counts)) / 30, rel=1e-5)
    loss.backward()
    torch.testing.assert_close(z_BD.grad, torch.zeros_like(z_BD), atol=1e-5, rtol=0)


def test_without_pairs_the_loss_is_zero_with_a_graph():
    z = torch.randn(3, 2, requires_grad=True)
    value = supcr(z, tensor([[math.nan], [1.0], [math.nan]]), temperature=1.0)
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


def test_a_row_without_a_label_changes_nothing():
    z = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels = tensor([[0.0], [2.0], [1.0], [3.0], [math.nan]])
    a = supcr(z, labels, temperature=1.0)
    assert a.item() == pytest.approx(supcr(z[:4], labels[:4], temperature=1.0).item(), rel=1e-12)


@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
def test_columns_are_averaged_by_their_weights_over_those_with_pairs(similarity):
    z = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    labels = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    labels[1:, 1] = math.nan
    weights = torch.tensor([3.0, 5.0, 1.0])
    options = {"temperature": 0.5, "similarity": similarity}
    value = supcr(z, labels, column_weights=weights, **options)
    first, third = (supcr(z, labels[:, [y]], **options) for y in (0, 2))
    assert value.item() == pytest.approx(((3 * first + third) / 4).item(), rel=1e-12)


def test_the_module_sums_its_views_and_leaves_unedited_designs_out_of_one():
    generator = torch.Generator().manual_seed(4)
    z_P, z_I = torch.randn(2, 6, 3, dtype=torch.float64, generator=generator)
    labels = torch.randn(6, 1, dtype=torch.float64, generator=generator)
    edited = torch.tensor([True, True, False, True, True, False])
    loss = SupCRLoss(temperature=0.5)
    alone_P = loss(labels, z_P_BD=z_P, edited_B=edited)
    alone_I = loss(labels, z_I_BD=z_I)
    both = loss(labels, z_P_BD=z_P, z_I_BD=z_I, edited_B=edited)
    assert both.item() == pytest.approx((alone_P + alone_I).item(), rel=1e-12)
    kept = supcr(z_P[edited], labels[edited], temperature=0.5)
    assert alone_P.item() == pytest.approx(kept.item(), rel=1e-12)
    with pytest.raises(ValueError, match="z_P_BD, z_I_BD or both"):
        loss(labels)


@BOTH
@pytest.mark.parametrize("temperature", [1e-4, 0.003, 0.1, 10.0, 1e4])
@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
def test_float32_at_any_temperature(similarity, temperature, implementation):
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(40, 5, dtype=torch.float64, generator=generator)
    labels = torch.randint(0, 12, (40, 1), generator=generator)
    values, grads = [], []
    for dtype in (torch.float64, torch.float32):
        latent = z.clone().to(dtype).requires_grad_()
        value = supcr(
            latent,
            labels,
            temperature=temperature,
            similarity=similarity,
            implementation=implementation,
        )
        value.backward()
        values.append(value.item())
        grads.append(latent.grad.double())
    assert values[1] == pytest.approx(values[0], rel=2e-5)
    # At 1e-4 the logits are rounded to 1e-3: so far, and no further, may the gradient be off.
    close = 1e-4 * max(1.0, 0.01 / temperature) * grads[0].abs().max()
    assert (grads[1] - grads[0]).abs().max() < close


def test_moving_all_latents_changes_no_distance():
    z = torch.randn(30, 4, generator=torch.Generator().manual_seed(6))
    labels = torch.arange(30.0)[:, None]
    near = supcr(z, labels, temperature=1.0, similarity="neg_l2")
    far = supcr(z + 1000, labels, temperature=1.0, similarity="neg_l2")
    assert far.item() == pytest.approx(near.item(), rel=1e-4)


def test_near_neighbours_keep_their_digits_in_float32():
    generator = torch.Generator().manual_seed(7)
    z = torch.randn(8, 16, generator=generator)
    z = torch.cat([z, z + 1e-4 * torch.randn(8, 16, generator=generator), z])
    labels = torch.randn(24, 1, dtype=torch.float64, generator=generator)
    wide, narrow = (
        supcr(x, labels, temperature=1e-4, similarity="neg_l2") for x in (z.double(), z)
    )
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)
