"""perturbation_set as an ONNX graph: what `worker.models.perturbation_set` and its head compute."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from service.contract.latent_models import PerturbationSetSpec
from worker.inference.onnx_graph import OnnxGraph
from worker.models.saturation import STEPS

Arrays = Mapping[str, NDArray[Any]]

_RMS_EPSILON = 1e-6


@dataclass(frozen=True)
class DesignInputs:
    """The designs: edits from 1 [B, P], 0 where there is none, and their effects [B, P]."""

    edit_BP: str
    effect_BP: str


def member_readings(
    graph: OnnxGraph, designs: DesignInputs, weights: Arrays, spec: PerturbationSetSpec
) -> str:
    """Standardised readings [2, B, Y] of one member: y_compose, then y_intact."""
    effect_BP1 = graph.unsqueezed(designs.effect_BP, -1)
    token_BPD = graph.rows(weights["shift_ED"], designs.edit_BP)
    z_P_BD = graph.total(graph.add("Mul", token_BPD, effect_BP1), axis=1)
    composed_BD = graph.add("Add", z_P_BD, graph.numbers(weights["reference_D"]))
    mixed_BPD = token_BPD
    for layer in range(spec.attention_layers):
        own = under(f"attention.{layer}.", weights)
        update_BPD = _attention(graph, designs, mixed_BPD, own, spec.attention_heads)
        mixed_BPD = graph.add("Add", mixed_BPD, update_BPD)
    change_BPD = graph.add("Sub", mixed_BPD, token_BPD)
    size_BP1 = graph.add("Abs", effect_BP1)
    change_BD = graph.total(graph.add("Mul", change_BPD, size_BP1), axis=1)
    added_BD = graph.matmul(change_BD, weights["interaction.weight"].T)
    intact_BD = graph.add("Add", composed_BD, added_BD)
    both = [graph.unsqueezed(z_BD, 0) for z_BD in (composed_BD, intact_BD)]
    return _head(graph, graph.add("Concat", *both, axis=0), under("head.", weights), spec)


def under(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Arrays whose names begin with a prefix, without it."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _attention(
    graph: OnnxGraph, designs: DesignInputs, token_BPD: str, weights: Arrays, heads: int
) -> str:
    """What a layer adds to every token [B, P, D]; the last key of each query is the null key."""
    inner = len(weights["query.weight"])
    normal_BPD = _normalized(graph, token_BPD)
    query_BHPW = _heads(graph, normal_BPD, under("query.", weights), heads, (0, 2, 1, 3))
    key_BHWP = _heads(graph, normal_BPD, under("key.", weights), heads, (0, 2, 3, 1))
    value_BHPW = _heads(graph, normal_BPD, under("value.", weights), heads, (0, 2, 1, 3))
    product_BHQK = graph.add("MatMul", query_BHPW, key_BHWP)
    root = graph.numbers(math.sqrt(inner // heads))
    score_BHQK = graph.add("Div", product_BHQK, root)
    presence_BP = graph.add("Log", graph.add("Abs", designs.effect_BP))  # -inf at padding
    score_BHQK = graph.add("Add", score_BHQK, graph.unsqueezed(presence_BP, 1, 2))
    score_BHQK = graph.add("Where", _alone(graph, designs), graph.numbers(-math.inf), score_BHQK)
    with_null = graph.add("Pad", score_BHQK, graph.whole([0] * 7 + [1]), graph.numbers(0.0))
    share_BHQN = graph.add("Softmax", with_null, axis=-1)
    ends = [graph.whole([end]) for end in (0, -1, 3)]
    mixed_BHPW = graph.add("MatMul", graph.add("Slice", share_BHQN, *ends), value_BHPW)
    mixed_BPHW = graph.add("Transpose", mixed_BHPW, perm=[0, 2, 1, 3])
    return graph.matmul(graph.reshaped(mixed_BPHW, 0, 0, inner), weights["output.weight"].T)


def _normalized(graph: OnnxGraph, token_BPD: str) -> str:
    square_BPD = graph.add("Mul", token_BPD, token_BPD)
    mean_BP1 = graph.add("ReduceMean", square_BPD, graph.whole([-1]), keepdims=1)
    size_BP1 = graph.add("Sqrt", graph.add("Add", mean_BP1, graph.numbers(_RMS_EPSILON)))
    return graph.add("Div", token_BPD, size_BP1)


def _heads(
    graph: OnnxGraph, normal_BPD: str, weights: Arrays, heads: int, order: tuple[int, ...]
) -> str:
    """A projection, its axes [B, P, H, W] in an order."""
    projected_BPI = _dense(graph, normal_BPD, weights)
    split_BPHW = graph.reshaped(projected_BPI, 0, 0, heads, len(weights["bias"]) // heads)
    return graph.add("Transpose", split_BPHW, perm=list(order))


def _alone(graph: OnnxGraph, designs: DesignInputs) -> str:
    """Whether a key is the query's own edit [Q, K]."""
    width = graph.at(graph.add("Shape", designs.edit_BP), 1, axis=0)
    place_P = graph.add("Range", graph.whole(0), width, graph.whole(1))
    return graph.add("Equal", graph.unsqueezed(place_P, 0), graph.unsqueezed(place_P, 1))


def _head(graph: OnnxGraph, z_RBD: str, weights: Arrays, spec: PerturbationSetSpec) -> str:
    """Labels [R, B, Y] at states [R, B, D]."""
    y_RBY = graph.matmul(z_RBD, weights["linear.weight"].T)
    if spec.saturates:
        y_RBY = _saturated(graph, z_RBD, y_RBY, under("saturation.", weights))
    y_RBY = graph.add("Add", y_RBY, graph.numbers(weights["linear.bias"]))
    if spec.head == "quadratic":
        return graph.add("Add", y_RBY, _quadratic(graph, z_RBD, weights["quadratic_YDD"]))
    if spec.head == "linear":
        return y_RBY
    hidden_RBH = z_RBD
    for layer in range(spec.hidden_layers):
        hidden_RBH = _dense(graph, hidden_RBH, under(f"hidden.{layer}.", weights))
        hidden_RBH = (
            graph.add("Relu", hidden_RBH) if spec.activation == "relu" else _gelu(graph, hidden_RBH)
        )
    return graph.add("Add", y_RBY, _dense(graph, hidden_RBH, under("output.", weights)))


def _dense(graph: OnnxGraph, value: str, weights: Arrays) -> str:
    product = graph.matmul(value, weights["weight"].T)
    return graph.add("Add", product, graph.numbers(weights["bias"]))


def _saturated(graph: OnnxGraph, z_RBD: str, y_RBY: str, weights: Arrays) -> str:
    """The linear part times its gain, and the level of the size."""
    size_RB1 = graph.matmul(z_RBD, weights["size_D"][:, None])
    least_RB1 = graph.add("Max", size_RB1, graph.numbers(1.0))
    gain_RBY = graph.add("Pow", least_RB1, graph.numbers(-weights["exponent_Y"]))
    beyond_RBK = graph.add("Sub", size_RB1, graph.numbers(np.arange(STEPS, dtype=np.float64)))
    taken_RBK = graph.add("Clip", beyond_RBK, graph.numbers(0.0), graph.numbers(1.0))
    level_RBY = graph.matmul(taken_RBK, weights["step_YK"].T)
    return graph.add("Add", graph.add("Mul", y_RBY, gain_RBY), level_RBY)


def _quadratic(graph: OnnxGraph, z_RBD: str, quadratic_YDD: NDArray[Any]) -> str:
    """The form z'Mz of every label [R, B, Y], which is that of the symmetric part of M."""
    labels, dim, _ = quadratic_YDD.shape
    flat_DX = quadratic_YDD.transpose(1, 0, 2).reshape(dim, labels * dim)
    left_RBYD = graph.reshaped(graph.matmul(z_RBD, flat_DX), 0, 0, labels, dim)
    product_RBYD = graph.add("Mul", left_RBYD, graph.unsqueezed(z_RBD, 2))
    return graph.total(product_RBYD, axis=-1)


def _gelu(graph: OnnxGraph, x: str) -> str:
    """GELU, x Phi(x). onnxruntime has erf in float32 alone, which is wrong by 1e-7 at most."""
    inner = graph.add("Mul", x, graph.numbers(math.sqrt(0.5)))
    erf = graph.add("Erf", graph.add("Cast", inner, to=TensorProto.FLOAT))
    normal = graph.add("Add", graph.add("Cast", erf, to=TensorProto.DOUBLE), graph.numbers(1.0))
    return graph.add("Mul", graph.add("Mul", normal, x), graph.numbers(0.5))
