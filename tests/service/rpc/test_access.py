"""Keys over gRPC: every method wants one, and the scope of its REST route."""

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.contract.api_keys import Scope
from service.handlers.permissions import OPERATIONS, is_change
from service.rpc.callers import operation_of
from service.rpc.pb.cellgebra.v1 import training_pb2
from service.rpc.services import DESCRIPTORS
from tests.service.keys import make_key
from tests.service.rows import add_training_job
from tests.service.rpc.statuses import fails

METHODS = [
    (f"/{service.full_name}/{method.name}", method)
    for service in DESCRIPTORS
    for method in service.methods
]
UNKNOWN = f"cgb_{'0' * 16}_{'A' * 43}"


def metadata(secret):
    return [("authorization", f"Bearer {secret}")]


async def ask(channel, path, method, **options):
    """Call a method with an empty message, whatever its kind."""
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    kind = kinds[method.client_streaming, method.server_streaming]
    request = iter([b""]) if method.client_streaming else b""
    call = kind(path)(request, **options)
    if method.server_streaming:
        return [answer async for answer in call]
    return await call


def test_every_method_is_in_the_table_of_scopes():
    operations = {path: operation_of(path) for path, _ in METHODS}
    assert {path for path, name in operations.items() if name and name not in OPERATIONS} == set()


def test_no_stream_of_answers_changes_anything():
    """What changes something is noted with its one answer; a stream has none."""
    streams = [operation_of(path) for path, method in METHODS if method.server_streaming]
    assert [name for name in streams if is_change(name)] == []


async def test_with_keys_every_method_wants_one(channel, context, database):
    make_key(database)
    await context.keys.refresh()
    for path, method in METHODS:
        if operation_of(path) is None:
            await ask(channel, path, method)
            continue
        async with fails(StatusCode.UNAUTHENTICATED) as failure:
            await ask(channel, path, method)
        assert failure.info["trace_id"]


async def test_a_key_does_what_its_scope_allows_and_no_more(channel, context, database):
    secrets = {scope: make_key(database, scope)[1] for scope in Scope}
    await context.keys.refresh()
    for path, method in METHODS:
        operation = operation_of(path)
        for scope, secret in secrets.items():
            try:
                await ask(channel, path, method, metadata=metadata(secret), timeout=20)
                code = StatusCode.OK
            except grpc.aio.AioRpcError as error:
                code = error.code()
            assert code is not StatusCode.UNAUTHENTICATED
            allowed = operation is None or scope in (OPERATIONS[operation], Scope.ADMIN)
            assert (code is StatusCode.PERMISSION_DENIED) != allowed, (path, scope)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (metadata(UNKNOWN), "no such API key"),
        ([("authorization", "Basic x")], "send the API key as"),
        (metadata(UNKNOWN) * 2, "once"),
    ],
)
async def test_a_wrong_key_is_refused_and_said(training, given, said):
    async with fails(StatusCode.UNAUTHENTICATED) as failure:
        await training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id="x"), metadata=given)
    assert said in failure.message
    assert UNKNOWN not in failure.message


async def test_a_key_sees_its_own_project(training, database):
    job_id = add_training_job(database)
    _, mine = make_key(database)
    _, other = make_key(database, project="another")
    request = training_pb2.GetTrainingJobRequest(id=job_id)
    assert (await training.GetTrainingJob(request, metadata=metadata(mine))).id == job_id
    async with fails(StatusCode.NOT_FOUND):
        await training.GetTrainingJob(request, metadata=metadata(other))


async def test_anybody_may_ask_for_health(channel, context, database):
    make_key(database)
    await context.keys.refresh()
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
