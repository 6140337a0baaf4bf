"""The wire contract and the pydantic contract say the same, field by field, in both directions."""

import pytest
from google.protobuf.descriptor import FieldDescriptor

from service.rpc.mapping import content_of, enum_prefix, enum_text, union_of
from service.rpc.pb.cellgebra.v1 import (
    artifacts_pb2,
    audit_pb2,
    datasets_pb2,
    designs_pb2,
    genes_pb2,
    health_pb2,
    inference_pb2,
    jobs_pb2,
    keys_pb2,
    losses_pb2,
    manifests_pb2,
    models_pb2,
    order_sheets_pb2,
    panels_pb2,
    pools_pb2,
    proposals_pb2,
    registry_pb2,
    schemas_pb2,
    scoring_pb2,
    search_pb2,
    sweeps_pb2,
    training_pb2,
)
from service.rpc.services import DESCRIPTORS
from tests.service.rpc.contract import (
    ONLY_IN_PROTO,
    SCALARS,
    WELL_KNOWN,
    innermost,
    is_model,
    members_of,
    pairs,
    shape_of,
    texts_of,
)

FILES = (
    artifacts_pb2,
    audit_pb2,
    datasets_pb2,
    designs_pb2,
    genes_pb2,
    health_pb2,
    inference_pb2,
    jobs_pb2,
    keys_pb2,
    losses_pb2,
    manifests_pb2,
    models_pb2,
    order_sheets_pb2,
    panels_pb2,
    pools_pb2,
    proposals_pb2,
    registry_pb2,
    schemas_pb2,
    scoring_pb2,
    search_pb2,
    sweeps_pb2,
    training_pb2,
)
PAIRS = pairs()
METHODS = [method for service in DESCRIPTORS for method in service.methods]
# Of the wire alone: what REST says in the address, the query, the headers or the shape of a page.
ON_THE_WIRE = {
    *(method.input_type.full_name for method in METHODS),
    *(m.output_type.full_name for m in METHODS if m.output_type.name.endswith("Response")),
    *(f"cellgebra.v1.{name}" for name in ("DatasetHeader", "GeneTableHeader", "NetworkHeader")),
    *(f"cellgebra.v1.{name}" for name in ("FilePart", "Schema", "ErrorStatus", "ScoringJobHeader")),
}
INT_LIMITS = {FieldDescriptor.CPPTYPE_INT32: 2**31, FieldDescriptor.CPPTYPE_INT64: 2**63}

each_pair = pytest.mark.parametrize("name", sorted(PAIRS))


def of_models():
    return sorted(name for name, (_, message, _) in PAIRS.items() if union_of(message) is None)


def of_unions():
    return sorted(name for name, (_, message, _) in PAIRS.items() if union_of(message))


each_model = pytest.mark.parametrize("name", of_models())


def fields_of(name):
    """(path, pydantic field, protobuf field) of a message."""
    model, message, tag = PAIRS[name]
    for field_name, field in model.model_fields.items():
        if field_name != tag:
            yield f"{name}.{field_name}", field, message.fields_by_name[field_name]


def test_every_message_has_its_model():
    messages = {
        message.full_name
        for file in FILES
        for message in file.DESCRIPTOR.message_types_by_name.values()
        if content_of(message) is None
    }
    assert messages - (ON_THE_WIRE - set(PAIRS)) == set(PAIRS)


@each_model
def test_fields_have_the_same_names(name):
    model, message, tag = PAIRS[name]
    in_proto = set(message.fields_by_name) - ONLY_IN_PROTO.get(name, set())
    assert in_proto == set(model.model_fields) - {tag}


@pytest.mark.parametrize("name", of_unions())
def test_a_oneof_has_the_members_of_its_union(name):
    union, message, _ = PAIRS[name]
    oneof = union_of(message)
    assert {field.name for field in oneof.fields} == set(members_of(union))
    assert all(oneof.name in member.model_fields for member in members_of(union).values())


@each_model
def test_fields_have_the_same_types(name):
    for path, field, proto in fields_of(name):
        shape, proto = innermost(field.annotation, proto)
        assert proto.is_repeated == shape.is_array, path
        if texts_of(shape.kind) is not None:
            assert proto.enum_type is not None, path
        elif shape.kind in SCALARS:
            assert proto.cpp_type in SCALARS[shape.kind], path
        elif proto.message_type.full_name in WELL_KNOWN:
            assert WELL_KNOWN[proto.message_type.full_name] == shape.kind, path
        else:
            assert is_model(shape.kind) or union_of(proto.message_type), path


@each_model
def test_a_field_that_may_be_absent_says_so(name):
    for path, field, proto in fields_of(name):
        is_number_or_text = proto.message_type is None and proto.enum_type is None
        if is_number_or_text and not proto.is_repeated and not field.is_required():
            assert proto.has_presence, path
        if shape_of(field.annotation).is_optional:
            assert field.default is None, path


@each_model
def test_enums_have_the_same_values(name):
    for path, field, proto in fields_of(name):
        texts = texts_of(shape_of(field.annotation).kind)
        if texts is None:
            continue
        enum = proto.enum_type
        assert enum.values_by_number[0].name == f"{enum_prefix(enum)}UNSPECIFIED", path
        numbers = [number for number in enum.values_by_number if number != 0]
        assert [enum_text(enum, number) for number in numbers] == texts, path


def test_every_enum_belongs_to_a_field():
    used = {
        proto.enum_type.full_name
        for name in of_models()
        for _, _, proto in fields_of(name)
        if proto.enum_type is not None
    }
    top = {enum.full_name for file in FILES for enum in file.DESCRIPTOR.enum_types_by_name.values()}
    nested = {enum.full_name for _, message, _ in PAIRS.values() for enum in message.enum_types}
    assert used == top | nested


@each_pair
def test_arrays_of_numbers_are_packed(name):
    for field in PAIRS[name][1].fields:
        if field.is_repeated and field.message_type is None and field.type != field.TYPE_STRING:
            assert field.is_packed, field.full_name


@each_model
def test_whole_numbers_of_a_request_fit_their_field(name):
    if PAIRS[name][0].model_config.get("extra") != "forbid":
        return  # an answer: it holds what we counted
    for path, field, proto in fields_of(name):
        if proto.cpp_type not in INT_LIMITS:
            continue
        bounds = [
            getattr(limit, "le", None) or getattr(limit, "lt", None) for limit in field.metadata
        ]
        upper = min((bound for bound in bounds if bound is not None), default=float("inf"))
        assert upper <= INT_LIMITS[proto.cpp_type], path
