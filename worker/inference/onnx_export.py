"""A model as an ONNX file, which gives what `Predictor` gives without this program.

Inputs: `edit` int64 [B, P], places in the manifest's `edits` counted from 1, 0 where a design has
fewer; `effect` float64 [B, P], r_kind(level) (`worker.latent.algebra.effect`). Outputs, of each
label in its unit, float64 [B]: `<label>.mean` and `<label>.sd` of y_intact over the members, and
`<label>.y_compose`.

Laws: the order of edits changes nothing, padding changes nothing, and every output is the column of
the same name of `Predictor.score` within rounding.
"""

import json
from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper
from torch import Tensor

from service.contract.errors import FailedPreconditionError
from service.contract.exports import no_onnx_form
from service.contract.latent_models import PerturbationSetSpec
from service.contract.manifests import ManifestLabel, ModelManifest
from service.contract.models import AdditiveSpec
from service.contract.training import Transform
from worker.inference.ensembles import MEASURE_ORDER
from worker.inference.onnx_graph import OnnxGraph
from worker.inference.onnx_network import Arrays, DesignInputs, member_readings, under

_MOST_BYTES = 2_000_000_000  # protobuf has no message of 2 GiB


def onnx_model(tensors: Mapping[str, Tensor], manifest: ModelManifest) -> ModelProto:
    """The model in opset 18, with the edits and labels of the manifest in its metadata.

    Raises:
        FailedPreconditionError: it has no ONNX form, or is too large for one file.
    """
    refusal = no_onnx_form(manifest)
    if refusal is not None:
        raise FailedPreconditionError(refusal)
    graph = OnnxGraph()
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    designs = _designs(graph)
    if manifest.model_kind == AdditiveSpec().kind:
        readings_MRBY = _additive(graph, designs, arrays, manifest.labels)
    else:
        readings_MRBY = _networks(graph, designs, arrays, manifest)
    if graph.size_bytes > _MOST_BYTES:
        raise FailedPreconditionError(
            f"the weights take {graph.size_bytes:,} bytes as ONNX, and a file holds at most "
            f"{_MOST_BYTES:,}: use the safetensors file"
        )
    outputs = [
        output
        for y, label in enumerate(manifest.labels)
        for output in _label_outputs(graph, readings_MRBY, y, label, manifest.member_count)
    ]
    return graph.model(_inputs(), outputs, _notes(manifest))


def _inputs() -> list[ValueInfoProto]:
    shape = ["designs", "positions"]
    return [
        helper.make_tensor_value_info("edit", TensorProto.INT64, shape),
        helper.make_tensor_value_info("effect", TensorProto.DOUBLE, shape),
    ]


def _notes(manifest: ModelManifest) -> dict[str, str]:
    return {
        "name": manifest.name,
        "kind": manifest.model_kind,
        "weights_sha256": manifest.weights_sha256,
        "vocabulary_sha256": manifest.vocabulary_sha256,
        "units": json.dumps({label.name: label.unit for label in manifest.labels}),
        "edits": json.dumps(manifest.edits),
    }


def _designs(graph: OnnxGraph) -> DesignInputs:
    """The inputs, whose effect is 0 at padding, whatever stands there."""
    is_edit_BP = graph.add("Greater", "edit", graph.whole(0))
    return DesignInputs("edit", graph.add("Where", is_edit_BP, "effect", graph.numbers(0.0)))


def _networks(
    graph: OnnxGraph, designs: DesignInputs, arrays: Arrays, manifest: ModelManifest
) -> str:
    """Standardised readings [M, 2, B, Y], a subgraph a member."""
    spec = PerturbationSetSpec.model_validate(manifest.model_spec)
    members = [under(f"member.{m}.", arrays) for m in range(manifest.member_count)]
    read = [member_readings(graph, designs, member, spec) for member in members]
    return graph.add("Concat", *(graph.unsqueezed(y_RBY, 0) for y_RBY in read), axis=0)


def _additive(
    graph: OnnxGraph, designs: DesignInputs, arrays: Arrays, labels: list[ManifestLabel]
) -> str:
    """Standardised readings [M, 2, B, Y], which are the same twice."""
    weight_MYE = np.pad(arrays["additive.weight_MYE"], ((0, 0), (0, 0), (1, 0)))
    members, label_count, places = weight_MYE.shape
    table_EX = weight_MYE.transpose(2, 0, 1).reshape(places, members * label_count)
    effect_BP1 = graph.unsqueezed(designs.effect_BP, -1)
    shift_BPX = graph.add("Mul", graph.rows(table_EX, designs.edit_BP), effect_BP1)
    total_BMY = graph.reshaped(graph.total(shift_BPX, axis=1), 0, members, label_count)
    y_BMY = graph.add("Add", total_BMY, graph.numbers(arrays["additive.intercept_MY"]))
    if any(label.measure for label in labels):
        y_BMY = _at_their_orders(graph, designs, y_BMY, labels)
    y_MBY = graph.add("Transpose", y_BMY, perm=[1, 0, 2])
    y_M1BY = graph.unsqueezed(y_MBY, 1)
    return graph.add("Concat", y_M1BY, y_M1BY, axis=1)


def _at_their_orders(
    graph: OnnxGraph, designs: DesignInputs, y_BMY: str, labels: list[ManifestLabel]
) -> str:
    """A mixed difference is 0 below its order; edits without an effect do not count."""
    least_Y = graph.whole([MEASURE_ORDER[label.measure] for label in labels])
    is_used_BP = graph.add("Greater", graph.add("Abs", designs.effect_BP), graph.numbers(0.0))
    used_BP = graph.add("Cast", is_used_BP, to=TensorProto.INT64)
    order_B11 = graph.unsqueezed(graph.total(used_BP, axis=1), 1, 2)
    is_defined_B1Y = graph.add("GreaterOrEqual", order_B11, least_Y)
    return graph.add("Where", is_defined_B1Y, y_BMY, graph.numbers(0.0))


def _label_outputs(
    graph: OnnxGraph, readings_MRBY: str, y: int, label: ManifestLabel, members: int
) -> list[ValueInfoProto]:
    """Mean, sd and y_compose of a label, in its unit."""
    output_MRB = graph.at(readings_MRBY, y, axis=3)
    scaled_MRB = graph.add("Mul", output_MRB, graph.numbers(label.spread))
    value_MRB = graph.add("Add", scaled_MRB, graph.numbers(label.center))
    if label.transform is Transform.LOG:
        value_MRB = graph.add("Exp", value_MRB)
    mean_RB = graph.add("ReduceMean", value_MRB, graph.whole([0]), keepdims=0)
    mean_B = graph.at(mean_RB, 1, axis=0)
    apart_MB = graph.add("Sub", graph.at(value_MRB, 1, axis=1), mean_B)
    square_B = graph.total(graph.add("Mul", apart_MB, apart_MB), axis=0)
    variance_B = graph.add("Div", square_B, graph.numbers(max(members - 1, 1)))
    return [
        graph.named(mean_B, f"{label.name}.mean"),
        graph.named(graph.add("Sqrt", variance_B), f"{label.name}.sd"),
        graph.named(graph.at(mean_RB, 0, axis=0), f"{label.name}.y_compose"),
    ]
