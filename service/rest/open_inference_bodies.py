"""Bodies of the Open Inference Protocol: JSON, and behind it the bytes of tensors.

With the header `Inference-Header-Content-Length`, so many bytes of the body are JSON, and the
binary tensors follow, in the order of the tensors that have a `binary_data_size`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from fastapi import Response

from service.contract.errors import InvalidArgumentError
from service.contract.open_inference import (
    InferAnswer,
    InferenceColumn,
    InferInput,
    InferRequest,
)
from service.handlers.invalid import parse_json
from service.handlers.open_inference import Inference, InputTensor, OutputTensor
from service.handlers.tensor_bytes import float_bytes, split_bytes

LENGTH_HEADER = "Inference-Header-Content-Length"
_SIZE = "binary_data_size"


def read_request(body: bytes, json_length: str | None) -> tuple[InferRequest, list[InputTensor]]:
    """What is asked, and the inputs.

    Raises:
        InvalidArgumentError: the body is not what the header and its JSON say.
    """
    length = len(body)
    if json_length is not None:
        is_number = json_length.isascii() and json_length.isdigit() and len(json_length) < 12
        length = int(json_length) if is_number else -1
        if not 0 <= length <= len(body):
            raise InvalidArgumentError(
                f"{LENGTH_HEADER} is {json_length[:20]!r}, and the body has {len(body)} bytes"
            )
    try:
        text = body[:length].decode()
    except UnicodeDecodeError:
        raise InvalidArgumentError("the body is not UTF-8") from None
    request = parse_json(InferRequest, text, field="")
    return request, list(_inputs(request.inputs, body[length:]))


def _inputs(inputs: Sequence[InferInput], rest: bytes) -> Iterator[InputTensor]:
    for tensor in inputs:
        size = tensor.parameters.get(_SIZE)
        if size is None:
            elements: list[bytes | str] = list(_flat(tensor.data or []))
        elif not isinstance(size, int) or not 0 <= size <= len(rest):
            raise InvalidArgumentError(
                f"{tensor.name[:200]}: {_SIZE} is {size!r:.20}, and {len(rest)} bytes are left"
            )
        else:
            elements = [*split_bytes(rest[:size])]
            rest = rest[size:]
        yield InputTensor(tensor.name, tensor.datatype, tensor.shape, elements)
    if rest:
        raise InvalidArgumentError(f"{len(rest)} bytes of the body belong to no input")


def _flat(data: Sequence[Any]) -> Iterator[str]:
    """Elements of nested lists; the protocol takes them flat, too."""
    for index, item in enumerate(data):
        inner = item[0] if isinstance(item, list) and len(item) == 1 else item
        if not isinstance(inner, str):
            raise InvalidArgumentError(f"data[{index}] is no text, nor a list of one text")
        yield inner


def write_answer(name: str, request: InferRequest, found: Inference) -> Response:
    """The answer, with every output as bytes that was asked for as such."""
    all_binary = request.parameters.get("binary_data_output") is True
    binary = {
        output.name
        for output in request.outputs or ()
        if output.parameters.get("binary_data", all_binary) is True
    }
    tail: list[bytes] = []
    columns: list[InferenceColumn] = []
    for tensor in found.outputs:
        is_binary = tensor.name in binary or (all_binary and not request.outputs)
        if is_binary:
            tail.append(float_bytes(tensor.values))
        columns.append(_column(tensor, len(tail[-1]) if is_binary else None))
    answer = InferAnswer(
        model_name=name,
        model_version=found.model_version,
        id=request.id,
        parameters={"model_id": found.model_id, "vocabulary_sha256": found.vocabulary_sha256},
        outputs=columns,
    )
    head = orjson.dumps(answer.model_dump(exclude_none=True))
    if not tail:
        return Response(head, media_type="application/json")
    return Response(
        b"".join([head, *tail]),
        media_type="application/octet-stream",
        headers={LENGTH_HEADER: str(len(head))},
    )


def _column(tensor: OutputTensor, size_bytes: int | None) -> InferenceColumn:
    is_binary = size_bytes is not None
    return InferenceColumn(
        name=tensor.name,
        shape=[len(tensor.values)],
        parameters={"unit": tensor.unit, **({_SIZE: size_bytes} if is_binary else {})},
        data=None if is_binary else tensor.values.tolist(),
    )
