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
from service.contract.api_keys import ApiKeyRequest, IssuedApiKey, RotateRequest
from service.contract.audit import AuditEvent
from service.contract.comparisons import CompareRequest, Comparison
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.job_events import (
    EpochEvent,
    ProgressEvent,
    StateEvent,
    ValidationEvent,
)
from service.contract.jobs import JobEvent
from service.contract.losses import LossCatalog
from service.contract.proposals import Proposal
from service.contract.registry import (
    ModelAlias,
    ModelReadiness,
    PromoteRequest,
    Promotion,
    RollbackRequest,
)
from service.contract.resources import (
    Artifact,
    Dataset,
    GeneTable,
    Health,
    Model,
    Network,
    ScoringJob,
    SearchJob,
    Sweep,
    TrainingJob,
)
from service.rpc.mapping import content_of, map_value, union_of
from service.rpc.pb.cellgebra.v1 import (
    artifacts_pb2,
    audit_pb2,
    datasets_pb2,
    genes_pb2,
    health_pb2,
    inference_pb2,
    jobs_pb2,
    keys_pb2,
    losses_pb2,
    proposals_pb2,
    registry_pb2,
    scoring_pb2,
    search_pb2,
    sweeps_pb2,
    training_pb2,
)

ROOTS = [
    (Dataset, datasets_pb2.Dataset.DESCRIPTOR),
    (GeneTable, genes_pb2.GeneTable.DESCRIPTOR),
    (Network, genes_pb2.Network.DESCRIPTOR),
    (Model, registry_pb2.Model.DESCRIPTOR),
    (ModelReadiness, registry_pb2.ModelReadiness.DESCRIPTOR),
    (PromoteRequest, registry_pb2.PromoteModelRequest.DESCRIPTOR),
    (RollbackRequest, registry_pb2.RollbackModelAliasRequest.DESCRIPTOR),
    (ModelAlias, registry_pb2.ModelAlias.DESCRIPTOR),
    (Promotion, registry_pb2.Promotion.DESCRIPTOR),
    (CompareRequest, registry_pb2.CompareModelsRequest.DESCRIPTOR),
    (Comparison, registry_pb2.CompareModelsResponse.DESCRIPTOR),
    (Artifact, artifacts_pb2.Artifact.DESCRIPTOR),
    (LossCatalog, losses_pb2.ListLossesResponse.DESCRIPTOR),
    (Health, health_pb2.Health.DESCRIPTOR),
    (TrainingJob, training_pb2.TrainingJob.DESCRIPTOR),
    (JobEvent, jobs_pb2.JobEvent.DESCRIPTOR),
    (StateEvent, jobs_pb2.StateEvent.DESCRIPTOR),
    (ProgressEvent, jobs_pb2.ProgressEvent.DESCRIPTOR),
    (EpochEvent, jobs_pb2.EpochEvent.DESCRIPTOR),
    (ValidationEvent, jobs_pb2.ValidationEvent.DESCRIPTOR),
    (ScoringJob, scoring_pb2.ScoringJob.DESCRIPTOR),
    (SearchJob, search_pb2.SearchJob.DESCRIPTOR),
    (Proposal, proposals_pb2.Proposal.DESCRIPTOR),
    (Sweep, sweeps_pb2.Sweep.DESCRIPTOR),
    (ScoreRequest, inference_pb2.ScoreRequest.DESCRIPTOR),
    (ScoreAnswer, inference_pb2.ScoreResponse.DESCRIPTOR),
    (ComposeRequest, inference_pb2.ComposeRequest.DESCRIPTOR),
    (ComposeAnswer, inference_pb2.ComposeResponse.DESCRIPTOR),
    (ApiKeyRequest, keys_pb2.ApiKeyRequest.DESCRIPTOR),
    (RotateRequest, keys_pb2.RotateRequest.DESCRIPTOR),
    (IssuedApiKey, keys_pb2.IssuedApiKey.DESCRIPTOR),
    (AuditEvent, audit_pb2.AuditEvent.DESCRIPTOR),
]
# In the address of the REST route; and what `data` holds, typed.
ONLY_IN_PROTO = {
    "cellgebra.v1.JobEvent": {"state", "progress", "epoch", "validation"},
    "cellgebra.v1.ScoreRequest": {"model_id"},
    "cellgebra.v1.ComposeRequest": {"model_id"},
    "cellgebra.v1.PromoteModelRequest": {"id"},
    "cellgebra.v1.RollbackModelAliasRequest": {"reference"},
}

F = FieldDescriptor
SCALARS = {
    str: {F.CPPTYPE_STRING},
    bool: {F.CPPTYPE_BOOL},
    float: {F.CPPTYPE_DOUBLE},
    int: {F.CPPTYPE_INT32, F.CPPTYPE_INT64},
}
WELL_KNOWN = {
    "google.protobuf.Timestamp": datetime,
    "google.protobuf.Struct": dict,
    "google.protobuf.Value": float | bool | str,
}


@dataclass(frozen=True)
class Shape:
    """A pydantic annotation without its wrapping; `values` are those of a dict of one kind."""

    kind: Any
    is_optional: bool
    is_array: bool
    values: Any = None


def shape_of(annotation: Any) -> Shape:
    kind, is_optional = _without_none(annotation)
    is_array = get_origin(kind) in (list, tuple)
    if is_array:
        kind, _ = _without_none(get_args(kind)[0])
    if get_origin(kind) is not dict:
        return Shape(kind, is_optional, is_array)
    values = get_args(kind)[1]
    return Shape(dict, is_optional, is_array, None if values is Any else values)


def innermost(annotation: Any, proto: FieldDescriptor) -> tuple[Shape, FieldDescriptor]:
    """What maps, and messages that stand for arrays and dicts, are made of."""
    shape, entry = shape_of(annotation), map_value(proto)
    if shape.values is not None and entry is not None:
        return innermost(shape.values, entry)
    content = content_of(proto.message_type) if proto.message_type and entry is None else None
    if content is not None:
        return innermost(shape.kind if proto.is_repeated else annotation, content)
    return shape, proto


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
        if name not in descriptor.fields_by_name:
            continue
        shape, proto = innermost(field.annotation, descriptor.fields_by_name[name])
        message = proto.message_type
        if message is not None and message.full_name not in WELL_KNOWN:
            yield from walk(shape.kind, message)


def pairs() -> dict[str, tuple[Any, Descriptor, str | None]]:
    """Every pair of the contract once, by the message's name."""
    found = (pair for root in ROOTS for pair in walk(*root))
    return {pair[1].full_name: pair for pair in found}
