"""Every RPC has its route, and every route its RPC; docs/grpc.md has the exceptions."""

import re
from pathlib import Path

import pytest

from service.rpc.services import DESCRIPTORS
from service.server import create_app

PAGE = (Path(__file__).parents[3] / "docs" / "grpc.md").read_text()
ALONE = re.findall(
    r"^\| (`.*`) \| (REST|gRPC) \| .+ \|$",
    PAGE.split("## What one door has alone")[1],
    re.MULTILINE,
)
# What the Open Inference Protocol calls what REST's routes are called.
OPEN_INFERENCE = {
    "ServerLive": "isServerLive",
    "ServerReady": "isServerReady",
    "ModelReady": "isModelReady",
    "ServerMetadata": "getServerMetadata",
    "ModelMetadata": "getModelMetadata",
    "ModelInfer": "infer",
}
HTTP_METHODS = {"get", "post", "put", "patch", "delete", "head"}


def alone(door):
    return {name for cell, where in ALONE if where == door for name in re.findall(r"`(\w+)`", cell)}


def operation_of(name):
    if name in OPEN_INFERENCE:
        return OPEN_INFERENCE[name]
    watched = name.removeprefix("Watch")
    return f"stream{watched}Events" if watched != name else name[0].lower() + name[1:]


RPCS = {operation_of(method.name) for service in DESCRIPTORS for method in service.methods}


@pytest.fixture
def routes(settings):
    paths = create_app(settings).openapi()["paths"]
    return {
        operation["operationId"]
        for path in paths.values()
        for method, operation in path.items()
        if method in HTTP_METHODS
    }


def test_every_method_has_its_route(routes):
    assert RPCS - routes - alone("gRPC") == set()


def test_every_route_has_its_method(routes):
    assert routes - RPCS - alone("REST") == set()
