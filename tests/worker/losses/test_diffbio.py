"""`compat="diffbio"`: values and gradients of the five single-cell losses are DiffBio 0.1.9's."""

import json
from pathlib import Path

import pytest
import torch

from worker.losses.batch_mixing import BatchMixingLoss
from worker.losses.clustering_compactness import ClusteringCompactnessLoss
from worker.losses.diversity import ShannonDiversityLoss, SimpsonDiversityLoss
from worker.losses.velocity_consistency import VelocityConsistencyLoss

LOSSES = {
    loss.__name__: loss
    for loss in (
        BatchMixingLoss,
        ClusteringCompactnessLoss,
        VelocityConsistencyLoss,
        ShannonDiversityLoss,
        SimpsonDiversityLoss,
    )
}
CASES = json.loads((Path(__file__).parent / "golden_diffbio.json").read_text())["cases"]
# DiffBio divides by log(1) + 1e-8 there: what it returns is rounding, times 1e8.
NOISE = {"batch_mixing/n_batches_1"}
# DiffBio's slice of the sorted distances is empty there, and its TypeError speaks of shapes.
ERRORS = {"batch_mixing/k_greater_than_n", "batch_mixing/k_zero"}
# Where a result is 0 but for rounding, or the differences of numbers near 1 are.
ROUNDING = {"float64": 1e-15, "float32": 1e-7}


def parameters(wanted):
    """Cases with their names; `wanted` tells by the name."""
    found = [case for case in CASES if wanted(case["name"])]
    return pytest.mark.parametrize("case", found, ids=[f"{c['name']} {c['dtype']}" for c in found])


def evaluate(case):
    """The loss, and its inputs by name."""
    dtype = getattr(torch, case["dtype"])
    inputs = {}
    for name, array in case["inputs"].items():
        kind = torch.int64 if name == "batch_labels" else dtype
        inputs[name] = torch.tensor(array["data"], dtype=kind).reshape(array["shape"])
        inputs[name].requires_grad_(kind is dtype)
    return LOSSES[case["loss"]](compat="diffbio", **case["params"])(*inputs.values()), inputs


@parameters(lambda name: name not in NOISE | ERRORS)
def test_value_and_gradient_are_diffbios(case):
    value, inputs = evaluate(case)
    value.backward()
    exact = case["dtype"] == "float64"
    rounding = ROUNDING[case["dtype"]]
    assert value.item() == pytest.approx(case["output"], rel=1e-9 if exact else 2e-5, abs=rounding)
    for name, expected in case["grads"].items():
        reference = torch.tensor(expected, dtype=torch.float64)
        largest = reference.abs().max().item()
        atol = max(largest * (1e-9 if exact else 1e-4), rounding)
        found = inputs[name].grad.double()
        torch.testing.assert_close(found, reference, rtol=1e-9 if exact else 1e-4, atol=atol)


@parameters(lambda name: name in NOISE)
def test_a_single_batch_is_no_more_than_noise(case):
    value, _ = evaluate(case)
    assert abs(value.item()) < 1e-6  # in float32 DiffBio says 1.8


@parameters(lambda name: name in ERRORS)
def test_what_diffbio_fails_at_is_refused_by_name(case):
    assert case["error"]["type"] == "TypeError"
    with pytest.raises(ValueError, match="n_neighbors"):
        evaluate(case)


def test_every_case_is_tested_or_excluded_for_a_reason():
    names = {case["name"] for case in CASES}
    assert names >= NOISE | ERRORS
    assert len(CASES) == 88
