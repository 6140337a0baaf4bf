"""Keys over gRPC, as over REST."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from service.contract.repositories.audit import list_events
from service.rpc.pb.cellgebra.v1 import keys_pb2, keys_pb2_grpc
from tests.service.keys import make_key
from tests.service.rpc.statuses import fails


@pytest.fixture
def keys(channel):
    return keys_pb2_grpc.KeyServiceStub(channel)


def request(**fields):
    spec = keys_pb2.ApiKeyRequest(name="robot", scopes=[keys_pb2.SCOPE_READ], **fields)
    return keys_pb2.CreateApiKeyRequest(spec=spec)


async def test_the_life_of_a_key(keys, database, context):
    admin, secret = make_key(database)
    await context.keys.refresh()
    call = {"metadata": [("authorization", f"Bearer {secret}")]}
    end = Timestamp()
    end.FromDatetime(datetime(2099, 1, 1, tzinfo=UTC))
    made = await keys.CreateApiKey(request(expire_time=end), **call)
    assert (made.key.created_by, list(made.key.scopes)) == (admin, [keys_pb2.SCOPE_READ])
    assert made.key.expire_time == end
    asked = keys_pb2.GetApiKeyRequest(id=made.key.id)
    assert await keys.GetApiKey(asked, **call) == made.key
    listed = await keys.ListApiKeys(keys_pb2.ListApiKeysRequest(page_size=1), **call)
    assert [key.id for key in listed.api_keys] == [made.key.id]
    assert listed.next_page_token
    rotate = keys_pb2.RotateApiKeyRequest(id=made.key.id)
    rotate.spec.keep_old_seconds = 5
    rotated = await keys.RotateApiKey(rotate, **call)
    assert rotated.secret != made.secret
    revoked = await keys.RevokeApiKey(keys_pb2.RevokeApiKeyRequest(id=made.key.id), **call)
    assert revoked.HasField("revoke_time")
    async with fails(StatusCode.FAILED_PRECONDITION):
        await keys.RotateApiKey(rotate, **call)
    async with fails(StatusCode.NOT_FOUND):
        await keys.GetApiKey(keys_pb2.GetApiKeyRequest(id="key_1"), **call)
    async with fails(StatusCode.UNAUTHENTICATED):
        gone = [("authorization", f"Bearer {made.secret}")]
        await keys.ListApiKeys(keys_pb2.ListApiKeysRequest(), metadata=gone)


async def test_a_key_without_scopes_is_refused_and_said(keys):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await keys.CreateApiKey(keys_pb2.CreateApiKeyRequest(spec={"name": "x"}))
    assert [field for field, _ in failure.violations] == ["spec.scopes"]


async def test_changes_are_written_into_the_audit_log(keys, database, context):
    admin, secret = make_key(database)
    await context.keys.refresh()
    call = {"metadata": [("authorization", f"Bearer {secret}")]}
    made = await keys.CreateApiKey(request(), **call)
    async with fails(StatusCode.NOT_FOUND):
        await keys.RevokeApiKey(keys_pb2.RevokeApiKeyRequest(id="key_1"), **call)
    await keys.ListApiKeys(keys_pb2.ListApiKeysRequest(), **call)
    async with fails(StatusCode.UNAUTHENTICATED):
        wrong = [("authorization", f"Bearer {secret[:-1]}~")]
        await keys.ListApiKeys(keys_pb2.ListApiKeysRequest(), metadata=wrong)
    await context.audit.close()
    with database.read() as session:
        found = list_events(session, "default", page_size=10, page_token=None).rows
        refused = list_events(session, "-", page_size=10, page_token=None).rows
    assert [(one.operation, one.resource_id, one.result, one.actor) for one in found] == [
        ("revokeApiKey", "key_1", "NOT_FOUND", admin),
        ("createApiKey", made.key.id, "OK", admin),
    ]
    assert {(one.door, one.address) for one in (*found, *refused)} == {("grpc", "127.0.0.1")}
    assert [one.result for one in refused] == ["UNAUTHENTICATED"]
