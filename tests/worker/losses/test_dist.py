"""Dist loss: values by hand, laws, and the values of the published programs."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.families import batch
from worker.losses.dist import DistLoss, dist
from worker.losses.pseudo_labels import inverse_cdfs

NAN = math.nan
GOLDEN = json.loads((Path(__file__).parent / "golden_dist.json").read_text())
DISTANCES = {"L1": "l1", "L2": "l2", "huber": "huber"}
PUBLISHED = [case for case in GOLDEN["dist"] if case["loss_fn"] in DISTANCES]
# Where the published soft sort is a hard sort: no gap is 0, or more than 1 / its strength.
HARD = [
    case
    for case in GOLDEN["soft_sort"]
    if all(
        0 < b - a <= 1 / case["regularization_strength"]
        for a, b in zip(sorted(case["values"]), sorted(case["values"])[1:], strict=False)
    )
]


def column(*values):
    return torch.tensor([[v] for v in values], dtype=torch.float64)


def ids(case):
    return case["id"]


def test_what_of_the_published_values_is_left_out():
    # focal_l1 is no distance of ours; where gaps exceed 1 / strength their soft sort is no sort;
    # which of two equal predictions gets which slope is nobody's to say.
    assert {case["id"] for case in GOLDEN["dist"]} - set(map(ids, PUBLISHED)) == {"fig2_focal_l1"}
    left_out = {case["id"] for case in GOLDEN["soft_sort"]} - set(map(ids, HARD))
    assert left_out == {"soft_regime", "soft_ages", "hard_ties"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", PUBLISHED, ids=ids)
def test_equals_the_published_values_and_gradients(case, dtype):
    # Their soft sort rounds to float32 inside: it shows where the numbers are not whole or halves.
    exact = 1e-7 if case["id"].startswith("fitness") else 1e-9
    rel = exact if dtype == "float64" else 2e-5
    # A vector of as many pseudo-labels as rows is its own quantiles.
    pseudo = [torch.tensor(case["pseudo_labels"], dtype=torch.float64)]
    prediction = column(*case["pred"]).to(getattr(torch, dtype)).requires_grad_()
    value = dist(
        prediction,
        torch.zeros_like(prediction),
        training_labels=pseudo,
        distance=DISTANCES[case["loss_fn"]],
    )
    value.backward()
    expected = case[dtype]
    assert value.item() == pytest.approx(expected["dist"], rel=rel)
    gradient = torch.tensor(expected["grad_dist_only"], dtype=prediction.dtype)
    atol = 1e-8 if dtype == "float64" else 1e-5
    torch.testing.assert_close(prediction.grad.flatten(), gradient, rtol=5 * rel, atol=atol)


@pytest.mark.parametrize("case", HARD, ids=ids)
def test_the_gradient_is_the_permutation_of_the_published_soft_sort(case):
    prediction = column(*case["values"]).requires_grad_()
    # Half the squared distance to a target that is `grad_output` below has that as its gradient.
    target = torch.sort(prediction.detach().flatten()).values - torch.tensor(case["grad_output"])
    torch.testing.assert_close(
        torch.tensor(sorted(case["values"])).double(),
        torch.tensor(case["output"]).double(),
        rtol=1e-6,
        atol=1e-7,
    )
    value = dist(prediction, torch.zeros_like(prediction), training_labels=[target.double()])
    (0.5 * len(prediction) * value).backward()
    assert prediction.grad.flatten().tolist() == pytest.approx(case["vjp"])


# torchcell sorts the predictions of rows without a label among the others (d2_nan).
@pytest.mark.parametrize("case", [c for c in GOLDEN["torchcell"] if c["id"] != "d2_nan"], ids=ids)
def test_to_given_pseudo_labels_it_equals_torchcells(case):
    pseudo = [torch.tensor(p, dtype=torch.float64) for p in case["pseudo_labels"]]
    prediction = torch.tensor(case["pred"], dtype=torch.float64, requires_grad=True)
    value = dist(prediction, torch.tensor(case["labels"]), training_labels=pseudo)
    value.backward()
    assert value.item() == pytest.approx(case["total"], rel=1e-9, abs=1e-11)
    gradient = torch.tensor(case["grad_pred"], dtype=torch.float64)
    torch.testing.assert_close(prediction.grad, gradient, rtol=1e-8, atol=1e-10)


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


@pytest.mark.parametrize(("distance", "value"), [("l1", 2.0), ("huber", (0.5 + 2.5) / 2)])
def test_other_distances_by_hand(distance, value):
    training = [torch.tensor([0.0, 1.0, 2.0, 3.0])]  # errors 1 and 3, as above
    found = dist(
        column(5.0, 1.0), column(0.0, 0.0), training_labels=training, distance=distance, delta=1.0
    )
    assert found.item() == pytest.approx(value)


@pytest.mark.parametrize("rule", ["quantile", "kde", "official"])
def test_zero_at_the_pseudo_labels_in_any_order(rule):
    labels = torch.tensor(GOLDEN["labels"]["fitness_120"], dtype=torch.float64).sort().values
    (cdf,) = inverse_cdfs([labels], rule=rule, batch_size=64, step=0.1)
    pseudo = cdf.at((torch.arange(64).double() + 0.5) / 64)
    prediction = pseudo[torch.randperm(64, generator=torch.Generator().manual_seed(0))][:, None]
    assert dist(prediction, torch.zeros(64, 1), training_labels=[labels], rule=rule) == 0


def test_a_column_without_labels_carries_no_weight():
    training = [torch.tensor([0.0, 1.0]), torch.tensor([])]
    prediction = torch.tensor([[3.0, 8.0], [4.0, 9.0]], requires_grad=True)
    labels = torch.tensor([[0.0, 5.0], [1.0, NAN]])  # no training labels in the second
    value = dist(prediction, labels, training_labels=training)
    assert value.item() == pytest.approx(
        dist(prediction[:, :1], labels[:, :1], training_labels=training[:1]).item()
    )
    nothing = dist(prediction, torch.full((2, 2), NAN), training_labels=training)
    nothing.backward()
    assert nothing.item() == 0
    assert torch.isfinite(prediction.grad).all()


def test_column_weights_are_those_of_the_labelled_columns():
    training = [torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])]
    prediction = column(0.0, 2.0).expand(2, 2) + torch.tensor([0.0, 3.0])
    weights = torch.tensor([1.0, 3.0])
    # Errors (0, 1) and (3, 4): 1/2 and 25/2.
    value = dist(prediction, prediction, training_labels=training, column_weights=weights)
    assert value.item() == pytest.approx((0.5 + 3 * 12.5) / 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "l3"}, "distance has to be one of l2, l1, huber"),
        ({"rule": "magic"}, "rule has to be one of quantile, kde, official"),
        ({"training_labels": []}, "training labels of 0 columns for 2 columns"),
        ({"column_weights": torch.ones(3)}, "3 column weights for 2"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    prediction, labels = batch()
    training = [torch.tensor([0.0, 1.0])] * 2
    with pytest.raises(ValueError, match=message):
        dist(prediction, labels, **{"training_labels": training, **options})


def test_the_module_makes_its_pseudo_labels_once():
    prediction, labels = batch()
    training = [torch.linspace(-1, 2, 30).double()] * 2
    options = {"rule": "kde", "distance": "l1", "bandwidth": 0.3}
    loss = DistLoss(training, batch_size=8, **options)
    assert loss(prediction, labels) == dist(prediction, labels, training_labels=training, **options)
    assert {name for name, _ in loss.named_buffers()} >= {"value_0", "level_1"}
