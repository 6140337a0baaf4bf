"""SupCR against the literal formula, values by hand, and golden values of another program."""

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from worker.losses.supcr import supcr

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())["supcr"]


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


@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
@given(
    seed=st.integers(0, 10_000),
    labels=st.lists(
        st.sampled_from([0.0, 0.25, 0.5, 1.0, math.nan]), min_size=4, max_size=9
    ).filter(lambda y: sum(not math.isnan(v) for v in y) >= 2),
)
def test_equals_the_formula_in_loops(similarity, seed, labels):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(labels), 3, generator=generator, dtype=torch.float64)
    value = supcr(z, tensor([[y] for y in labels]), temperature=0.7, similarity=similarity)
    assert value.item() == pytest.approx(literal(z.tolist(), labels, 0.7, similarity), rel=1e-9)


@pytest.mark.parametrize("similarity", ["neg_l2", "cosine"])
@pytest.mark.parametrize("case", GOLDEN, ids=[case["id"] for case in GOLDEN])
def test_equals_the_golden_values_and_gradients(case, similarity):
    z_P, z_I = tensor(case["z_P"]).requires_grad_(), tensor(case["z_I"]).requires_grad_()
    labels = tensor(case["labels"])
    options = {
        "temperature": case["temperature"],
        "similarity": similarity,
        "column_weights": torch.tensor(case["weights"], dtype=torch.float64),
    }
    total = supcr(z_P, labels, **options) + supcr(z_I, labels, **options)
    total.backward()
    expected = case["results"][similarity]
    assert total.item() == pytest.approx(expected["total"], rel=1e-9, abs=1e-11)
    for z, name in ((z_P, "grad_z_P"), (z_I, "grad_z_I")):
        reference = torch.zeros_like(z) if expected[name] is None else tensor(expected[name])
        torch.testing.assert_close(z.grad, reference, rtol=1e-8, atol=1e-10)


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


def test_refuses_weights_that_do_not_match_the_columns():
    with pytest.raises(ValueError, match="2 column weights for 1"):
        supcr(torch.randn(3, 2), torch.zeros(3, 1), temperature=1.0, column_weights=torch.ones(2))
