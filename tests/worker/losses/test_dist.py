"""Dist loss: quantiles by hand, laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from worker.losses.dist import dist, quantiles

NAN = math.nan


def column(*values):
    return torch.tensor([[v] for v in values], dtype=torch.float64)


def test_quantiles_by_hand():
    # Levels 1/6, 3/6, 5/6 of (1, 2, 3, 4): the smallest values with F >= level are 1, 2, 4.
    labels = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert quantiles(labels, torch.tensor(3), 3).tolist() == [1.0, 2.0, 4.0]


@given(
    labels=st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=30),
    count=st.integers(1, 20),
)
def test_quantiles_are_numpys_inverted_cdf(labels, count):
    levels = (np.arange(count) + 0.5) / count
    expected = np.quantile(labels, levels, method="inverted_cdf")
    ours = quantiles(torch.tensor(sorted(labels), dtype=torch.float64), torch.tensor(count), count)
    np.testing.assert_array_equal(ours.numpy(), expected)


def test_value_by_hand_with_a_missing_label():
    # M = 2 labelled rows: quantiles of (0, 1, 2, 3) at 1/4 and 3/4 are 0 and 2.
    # Sorted labelled predictions are 1 and 5: ((1 - 0)^2 + (5 - 2)^2) / 2 = 5.
    training = [torch.tensor([0.0, 1.0, 2.0, 3.0])]
    prediction = column(5.0, 100.0, 1.0).requires_grad_()
    value = dist(prediction, column(0.0, NAN, 0.0), training_labels=training)
    value.backward()
    assert value.item() == pytest.approx(5.0)
    # d/dp of ((p - target)^2) / 2: 5 - 2 = 3 and 1 - 0 = 1; nothing where no label is.
    assert prediction.grad.flatten().tolist() == pytest.approx([3.0, 0.0, 1.0])


def test_zero_at_the_quantiles_in_any_order():
    training = [torch.tensor([0.0, 1.0, 2.0, 3.0])]
    value = dist(column(2.0, 0.0), column(9.0, 9.0), training_labels=training)
    assert value.item() == 0


def test_a_column_without_labels_carries_no_weight():
    training = [torch.tensor([0.0, 1.0]), torch.tensor([])]
    prediction = torch.tensor([[3.0, 8.0], [4.0, 9.0]], requires_grad=True)
    labels = torch.tensor([[0.0, NAN], [1.0, NAN]])
    value = dist(prediction, labels, training_labels=training)
    assert value.item() == pytest.approx(
        dist(prediction[:, :1], labels[:, :1], training_labels=training[:1]).item()
    )
    nothing = dist(prediction, torch.full((2, 2), NAN), training_labels=training)
    nothing.backward()
    assert nothing.item() == 0
    assert torch.isfinite(prediction.grad).all()
