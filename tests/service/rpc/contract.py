"""Which protobuf message or enum is which pydantic type, found by walking both together."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from pydantic import BaseModel

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.resources import Sweep, TrainingJob
from service.rpc.mapping import union_of
from service.rpc.pb.cellgebra.v1 import inference_pb2, sweeps_pb2, training_pb2

ROOTS = [
    (TrainingJob, training_pb2.TrainingJob.DESCRIPTOR),
    (Sweep, sweeps_pb2.Sweep.DESCRIPTOR),
    (ScoreRequest, inference_pb2.ScoreRequest.DESCRIPTOR),
    (ScoreAnswer, inference_pb2.ScoreResponse.DESCRIPTOR),
    (ComposeRequest, inference_pb2.ComposeRequest.DESCRIPTOR),
    (ComposeAnswer, inference_pb2.ComposeResponse.DESCRIPTOR),
]
# In the address of the REST route.
ONLY_IN_PROTO = {
    "cellgebra.v1.ScoreRequest": {"model_id"},
    "cellgebra.v1.ComposeRequest": {"model_id"},
}

F = FieldDescriptor
SCALARS = {
    str: {F.CPPTYPE_STRING},
    bool: {F.CPPTYPE_BOOL},
    float: {F.CPPTYPE_DOUBLE},
    int: {F.CPPTYPE_INT32, F.CPPTYPE_INT64},
}
WELL_KNOWN = {"google.protobuf.Timestamp": datetime, "google.protobuf.Struct": dict}


@dataclass(frozen=True)
class Shape:
    """A pydantic annotation without its wrapping."""

    kind: Any
    is_optional: bool
    is_array: bool


def shape_of(annotation: Any) -> Shape:
    kind, is_optional = _without_none(annotation)
    is_array = get_origin(kind) in (list, tuple)
    if is_array:
        kind, _ = _without_none(get_args(kind)[0])
    return Shape(dict if get_origin(kind) is dict else kind, is_optional, is_array)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) not in (types.UnionType, Union):
        return annotation, False
    members = [member for member in get_args(annotation) if member is not types.NoneType]
    if len(members) == len(get_args(annotation)):
        return annotation, False
    kind = Union[tuple(members)]  # noqa: UP007 - built at run time
    return _without_none(kind)[0], True


def members_of(kind: Any) -> dict[str, type[BaseModel]]:
    """Members of a discriminated union by tag."""
    found = {}
    for member in get_args(kind):
        tags = [
            get_args(field.annotation)
            for field in member.model_fields.values()
            if get_origin(field.annotation) is Literal
        ]
        found[tags[0][0]] = member
    return found


def texts_of(kind: Any) -> list[str] | None:
    """The values of an enum or of a Literal of texts; None for other types."""
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return [member.value for member in kind]
    return None


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def walk(
    kind: Any, descriptor: Descriptor, tag_field: str | None = None
) -> Iterator[tuple[Any, Descriptor, str | None]]:
    """Every pair of (model or union, message) below a pair, and the field that is a union's tag."""
    yield kind, descriptor, tag_field
    union = union_of(descriptor)
    if union is not None:
        for tag, member in members_of(kind).items():
            if tag in descriptor.fields_by_name:
                yield from walk(member, descriptor.fields_by_name[tag].message_type, union.name)
        return
    for name, field in kind.model_fields.items():
        inner = shape_of(field.annotation).kind
        proto = descriptor.fields_by_name.get(name)
        message = proto.message_type if proto is not None else None
        if message is not None and message.full_name not in WELL_KNOWN:
            yield from walk(inner, message)


def pairs() -> dict[str, tuple[Any, Descriptor, str | None]]:
    """Every pair of the contract once, by the message's name."""
    found = (pair for root in ROOTS for pair in walk(*root))
    return {pair[1].full_name: pair for pair in found}
