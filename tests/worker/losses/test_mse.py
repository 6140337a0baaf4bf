"""NaN-tolerant MSE against golden values and its laws."""

import json
import math
from pathlib import Path

import pytest
import torch

from worker.losses.mse import MseLoss, mse

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())["mse"]
NAN = math.nan


def tensor(rows):
    return torch.tensor([[NAN if x is None else x for x in row] for row in rows]).double()


@pytest.mark.parametrize("case", GOLDEN, ids=[case["id"] for case in GOLDEN])
def test_equals_the_golden_values(case):
    prediction = tensor(case["pred"]).requires_grad_()
    weights = case["weights"] and torch.tensor(case["weights"])
    total = mse(prediction, tensor(case["labels"]), column_weights=weights)
    total.backward()
    assert total.item() == pytest.approx(case["total"], rel=1e-9)
    gradient = case["grad_pred"] or [[0.0, 0.0]] * 3
    torch.testing.assert_close(prediction.grad, tensor(gradient))


@pytest.mark.parametrize("case", GOLDEN, ids=[case["id"] for case in GOLDEN])
def test_equals_the_golden_values_in_float32(case):
    weights = case["weights"] and torch.tensor(case["weights"])
    total = mse(tensor(case["pred"]).float(), tensor(case["labels"]), column_weights=weights)
    assert total.dtype == torch.float32
    assert total.item() == pytest.approx(case["total"], rel=2e-5)


def test_row_weights_weigh_rows_within_a_column():
    # Column 0: (1 * 1 + 3 * 4) / 4; column 1: its only label, 9. Mean of both.
    labels = tensor([[1.0, 3.0], [2.0, None]])
    value = mse(torch.zeros(2, 2).double(), labels, row_weights=torch.tensor([1.0, 3.0]))
    assert value.item() == pytest.approx((13 / 4 + 9) / 2)


def test_a_weight_a_label_equals_a_weight_a_row_where_they_agree():
    labels = tensor([[1.0, 3.0], [2.0, 5.0]])
    zero = torch.zeros(2, 2).double()
    rows = torch.tensor([1.0, 3.0])
    per_label = rows[:, None].expand(2, 2)
    assert mse(zero, labels, row_weights=rows) == mse(zero, labels, row_weights=per_label)


def test_scaling_the_weights_changes_nothing():
    labels, weights = tensor([[1.0, 3.0], [2.0, None]]), torch.tensor([1.0, 3.0]).double()
    zero = torch.zeros(2, 2).double()
    value = mse(zero, labels, row_weights=weights, column_weights=weights)
    scaled = mse(zero, labels, row_weights=7 * weights, column_weights=0.1 * weights)
    assert scaled.item() == pytest.approx(value.item(), rel=1e-12)


def test_scaling_predictions_and_labels_scales_by_the_square():
    generator = torch.Generator().manual_seed(0)
    prediction, labels = torch.randn(2, 6, 2, generator=generator, dtype=torch.float64)
    assert mse(3 * prediction, 3 * labels).item() == pytest.approx(9 * mse(prediction, labels))


def test_the_module_holds_its_column_weights():
    prediction, labels = torch.zeros(2, 2), tensor([[1.0, 3.0], [2.0, None]])
    weights = torch.tensor([1.0, 3.0])
    loss = MseLoss(column_weights=weights).double()
    assert loss.column_weights.dtype == torch.float64
    assert loss(prediction, labels) == mse(prediction, labels, column_weights=weights)
