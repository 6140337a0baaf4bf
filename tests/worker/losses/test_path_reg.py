"""Paths and hard-concrete gates against the values and gradients of the published code."""

import json
from pathlib import Path

import pytest
import torch

from worker.losses.hard_concrete import gate_samples, gate_values, hard_concrete
from worker.losses.path_reg import c_node, path_matrix, path_reg

GOLDEN = json.loads((Path(__file__).parent / "golden_path_reg.json").read_text())
BOTH = pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
LAYERS = pytest.mark.parametrize("case", ["L0Dense/0", "L0Dense/1"])


def part(case, kind, name, dtype):
    return torch.tensor(GOLDEN[case][kind][name], dtype=dtype)


def close(found, expected, dtype):
    rtol = 1e-9 if dtype == torch.float64 else 2e-5
    torch.testing.assert_close(found, torch.as_tensor(expected, dtype=dtype), rtol=rtol, atol=1e-7)


def layers(name, dtype, requires_grad=False):
    found = [part("regularisers", "inputs", f"{name}{layer}", dtype) for layer in range(3)]
    return [value.requires_grad_(requires_grad) for value in found]


@BOTH
@LAYERS
def test_gates_as_they_are_read(case, dtype):
    log_alpha = part(case, "inputs", "log_alpha", dtype)
    close(gate_values(log_alpha), GOLDEN[case]["outputs"]["deterministic_gate"], dtype)


@BOTH
@LAYERS
def test_the_share_of_open_gates(case, dtype):
    log_alpha = part(case, "inputs", "log_alpha", dtype)
    closed = part(case, "outputs", "p_gate_zero", dtype)
    close(hard_concrete(log_alpha), 1 - closed.mean().item(), dtype)
    # The published regulariser: minus the sum over weights of the share that is open.
    weight_count = len(GOLDEN[case]["inputs"]["weights"][0]) * len(log_alpha)
    close(
        -weight_count * hard_concrete(log_alpha), GOLDEN[case]["outputs"]["regularization"], dtype
    )


@BOTH
@LAYERS
def test_a_layer_behind_gates(case, dtype):
    names = ("x", "weights", "log_alpha", "bias")
    x, weight, log_alpha, bias = (part(case, "inputs", name, dtype) for name in names)
    output = x @ (gate_values(log_alpha)[:, None] * weight) + bias
    close(output, GOLDEN[case]["outputs"]["eval_output"], dtype)


@BOTH
@pytest.mark.parametrize("case", ["hard_concrete_sample/1", "hard_concrete_sample/2"])
def test_gates_as_they_are_drawn(case, dtype):
    log_alpha, u = (part(case, "inputs", name, dtype) for name in ("log_alpha", "u"))
    close(gate_samples(log_alpha, u), GOLDEN[case]["outputs"]["gate"], dtype)


def test_path_reg_and_its_gradient():
    log_alphas = layers("log_alpha", torch.float64, requires_grad=True)
    gates = [
        gate_samples(log_alpha, u)
        for log_alpha, u in zip(log_alphas, layers("u", torch.float64), strict=True)
    ]
    outputs = GOLDEN["regularisers"]["outputs"]
    value = path_reg(gates)
    close(value.detach(), outputs["path_reg"], torch.float64)
    close(path_matrix(gates, 4), outputs["gate_path_matrix"], torch.float64)
    value.backward()
    for layer, log_alpha in enumerate(log_alphas):
        close(log_alpha.grad, outputs[f"grad_log_alpha{layer}"], torch.float64)


@BOTH
def test_c_node_and_its_gradient(dtype):
    weights = layers("weights", dtype, requires_grad=True)
    outputs = GOLDEN["regularisers"]["outputs"]
    value = c_node(weights)
    close(value.detach(), outputs["l1_path"], dtype)
    close(path_matrix(weights), outputs["weight_path_matrix"], dtype)
    value.backward()
    for layer, weight in enumerate(weights):
        expected = torch.tensor(outputs[f"grad_weights{layer}"], dtype=dtype)
        torch.testing.assert_close(
            weight.grad, expected, rtol=1e-9 if dtype == torch.float64 else 1e-4, atol=1e-7
        )


def test_the_mean_of_the_path_matrix_is_the_penalty():
    weights = layers("weights", torch.float64)
    assert c_node(weights).item() == pytest.approx(path_matrix(weights).mean().item())
    mixed = [weights[0][:, 0].abs(), weights[0], weights[1].mean(dim=1).abs()]
    assert path_reg(mixed).item() == pytest.approx(path_matrix(mixed, 7).mean().item())


def test_which_pairs_are_cut_is_read_off_the_matrix():
    found = path_matrix([torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 0.0]])])
    assert found.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert not found.requires_grad


@pytest.mark.parametrize(
    ("last", "outputs"), [(torch.ones(2), None), (torch.ones(2, 3), 4), (torch.ones(2, 3), 2)]
)
def test_another_number_of_outputs_is_refused(last, outputs):
    with pytest.raises(ValueError, match="outputs for a last layer"):
        path_matrix([torch.ones(4, 2), last], outputs)
