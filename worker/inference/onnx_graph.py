"""An ONNX graph, built node by node: values are names, numbers are float64 wherever they can be."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 8  # old enough for every runtime of the last years


class OnnxGraph:
    """Nodes and constants of a graph that grows; every method gives the name of a value."""

    def __init__(self) -> None:
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self.size_bytes = 0

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        """The output of a new node."""
        name = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def numbers(self, values: ArrayLike) -> str:
        """A constant in float64; what is stored in float32 takes no more room in the file."""
        array = np.asarray(values)
        if array.dtype == np.float32:
            return self.add("Cast", self._constant(array), to=TensorProto.DOUBLE)
        return self._constant(array.astype(np.float64))

    def whole(self, values: ArrayLike) -> str:
        """A constant in int64: axes, shapes, places."""
        return self._constant(np.asarray(values, dtype=np.int64))

    def rows(self, table: NDArray[Any], places: str) -> str:
        """Rows of a table by number, in float64."""
        found = self.add("Gather", self._constant(table), places, axis=0)
        return self.add("Cast", found, to=TensorProto.DOUBLE)

    def matmul(self, value: str, matrix: NDArray[Any]) -> str:
        """A value [..., I] times a matrix [I, O]."""
        return self.add("MatMul", value, self.numbers(matrix))

    def total(self, value: str, axis: int) -> str:
        """The sum along an axis, which is gone after it."""
        return self.add("ReduceSum", value, self.whole([axis]), keepdims=0)

    def unsqueezed(self, value: str, *axes: int) -> str:
        """With axes of length 1."""
        return self.add("Unsqueeze", value, self.whole(axes))

    def reshaped(self, value: str, *shape: int) -> str:
        """In another shape; 0 keeps the length of the axis."""
        return self.add("Reshape", value, self.whole(shape))

    def at(self, value: str, place: int, axis: int) -> str:
        """One place of an axis, which is gone after it."""
        return self.add("Gather", value, self.whole(place), axis=axis)

    def named(self, value: str, name: str) -> ValueInfoProto:
        """A value as an output of the graph: one number a design."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        return helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["designs"])

    def model(
        self, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto], notes: dict[str, str]
    ) -> ModelProto:
        """The whole model, with notes in its metadata."""
        graph = helper.make_graph(self._nodes, "model", inputs, outputs, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="cellgebra",
        )
        helper.set_model_props(model, notes)
        return model

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        self.size_bytes += array.nbytes
        return name
