"""What a request says over gRPC, REST says in its address, body or headers, and the reverse."""

import pytest

from service.rest.app import create_rest
from service.rpc.callers import operation_of
from service.rpc.services import DESCRIPTORS

# Ids by their kind in REST; a header (Last-Event-ID, Content-Length); the body itself.
ELSEWHERE = {"id", "after_sequence", "size_bytes", "spec", "chunk"}
ELSEWHERE |= {f"{kind}_id" for kind in ("job", "sweep", "dataset", "gene_table", "network")}
ELSEWHERE |= {f"{kind}_id" for kind in ("model", "promotion", "key")}
# Of tables, which gRPC does not score (docs/grpc.md).
REST_ALONE = {("score", "column")}
METHODS = {
    operation_of(f"/{service.full_name}/{method.name}"): method.input_type
    for service in DESCRIPTORS
    for method in service.methods
    if service.full_name.startswith("cellgebra.")
}


@pytest.fixture
def operations(context):
    document = create_rest(context).openapi()
    found = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    return document, found


def said_by_rest(document, operation):
    """Names in the path and the query, and in a JSON body that is an object."""
    names = {one["name"] for one in operation.get("parameters", ()) if one["in"] != "header"}
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    refs = [one["$ref"] for one in (schema, *schema.get("anyOf", ())) if "$ref" in one]
    for ref in refs:
        names |= document["components"]["schemas"][ref.rpartition("/")[2]]["properties"].keys()
    return names


def said_by_rpc(message):
    names = {field.name for field in message.fields}
    if "header" in names:  # of an upload, whose body is the table
        header = message.fields_by_name["header"].message_type
        names = names - {"header"} | {field.name for field in header.fields}
    return names


def test_both_doors_take_the_same(operations):
    document, found = operations
    compared, different = 0, {}
    for operation, message in METHODS.items():
        if operation not in found:
            continue
        rpc, rest = said_by_rpc(message), said_by_rest(document, found[operation])
        if "spec" in rpc:  # which is the body of REST
            rest -= said_by_rest(document, {**found[operation], "parameters": ()})
        rest -= {name for of, name in REST_ALONE if of == operation}
        if rpc - ELSEWHERE != rest - ELSEWHERE:
            different[operation] = (sorted(rpc - rest), sorted(rest - rpc))
        compared += 1
    assert different == {}
    assert compared > 60
