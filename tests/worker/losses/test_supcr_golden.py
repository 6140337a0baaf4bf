"""SupCR against values and gradients that other programs computed, for every implementation."""

import json
import math
from pathlib import Path

import pytest
import torch

from tests.worker.losses.implementations import BOTH
from worker.losses.supcr import SupCRLoss, supcr, tie_lower_bound
from worker.losses.supcr_rnc import rank_n_contrast

GOLDEN = json.loads((Path(__file__).parent / "golden_supcr.json").read_text())
CASES = pytest.mark.parametrize("case", GOLDEN["supcr"], ids=[c["id"] for c in GOLDEN["supcr"]])


def tensor(rows, dtype=torch.float64):
    return torch.tensor([[math.nan if x is None else x for x in row] for row in rows], dtype=dtype)


def evaluate(case, dtype=torch.float64, **settings):
    z_P, z_I = (tensor(case[name], dtype).requires_grad_() for name in ("z_P", "z_I"))
    loss = SupCRLoss(temperature=case["temperature"], **settings)
    total = loss(
        tensor(case["labels"]),
        z_P_BD=z_P,
        z_I_BD=z_I,
        column_weights=torch.tensor(case["weights"], dtype=torch.float64),
    )
    total.backward()
    return total, z_P.grad, z_I.grad


def compare(found, expected, rel, rtol, atol):
    total, *grads = found
    assert total.item() == pytest.approx(expected["total"], rel=rel, abs=rel / 100)
    for grad, name in zip(grads, ("grad_z_P", "grad_z_I"), strict=True):
        reference = torch.zeros_like(grad)
        if expected[name] is not None:
            reference = tensor(expected[name], grad.dtype)
        torch.testing.assert_close(grad, reference, rtol=rtol, atol=atol)


@BOTH
@pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
@CASES
def test_float64_equals_the_formula(case, similarity, implementation):
    found = evaluate(case, similarity=similarity, implementation=implementation)
    compare(found, case[similarity], rel=1e-9, rtol=1e-8, atol=1e-10)


@BOTH
@pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
@CASES
def test_float32_equals_the_formula(case, similarity, implementation):
    found = evaluate(case, torch.float32, similarity=similarity, implementation=implementation)
    # Rounding of a logit grows with 1 / temperature.
    atol = 1e-5 * max(1.0, 0.1 / case["temperature"])
    compare(found, case[similarity], rel=2e-5, rtol=1e-4, atol=atol)


@BOTH
@pytest.mark.parametrize(
    "case",
    [c for c in GOLDEN["supcr"] if c["published"]],
    ids=[c["id"] for c in GOLDEN["supcr"] if c["published"]],
)
def test_upstream_ties_equal_the_published_code(case, implementation):
    found = evaluate(case, ties="upstream", implementation=implementation)
    compare(found, case["published"], rel=1e-9, rtol=1e-8, atol=1e-10)


@CASES
def test_lower_bound_of_ties(case):
    expected = [math.nan if x is None else x for x in case["bound"]]
    found = tie_lower_bound(tensor(case["labels"])).tolist()
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def test_the_lower_bound_is_reached_at_low_temperature():
    labels = torch.tensor([[0.0], [0.0], [1.0], [1.0], [3.0]])
    # On a line in the order of the labels: the nearer the label, the nearer the latent.
    z = labels.double()
    value = supcr(z, labels, temperature=1e-3, similarity="neg_l2")
    assert value.item() == pytest.approx(tie_lower_bound(labels)[0].item(), rel=1e-9)


@pytest.mark.parametrize("case", GOLDEN["rnc"], ids=[c["id"] for c in GOLDEN["rnc"]])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_rank_n_contrast_equals_the_official_loss(case, dtype):
    z = torch.tensor(case["features"], dtype=dtype, requires_grad=True)
    labels = torch.tensor(case["labels"], dtype=torch.float64)
    value = rank_n_contrast(z, labels.reshape(len(z), -1), temperature=case["temperature"])
    value.backward()
    wide = dtype is torch.float64
    assert value.item() == pytest.approx(case["loss"], rel=1e-9 if wide else 2e-5)
    grad = torch.tensor(case["grad"], dtype=dtype)
    tolerance = {"rtol": 1e-8, "atol": 1e-10} if wide else {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(z.grad, grad, **tolerance)
