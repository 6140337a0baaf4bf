"""The audit log over gRPC: the events that REST has, by the same filters."""

from datetime import timedelta

import pytest
from grpc import StatusCode

from service.contract.api_keys import Scope
from service.contract.audit import AuditEvent
from service.contract.repositories.audit import list_events
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import audit_pb2, audit_pb2_grpc, keys_pb2, keys_pb2_grpc
from tests.service.keys import make_key
from tests.service.rpc.statuses import fails
from tests.service.rpc.test_access import metadata


@pytest.fixture
async def admin(channel, database, context):
    """The id of a key that has asked for three changes, and its metadata."""
    key_id, secret = make_key(database)
    await context.keys.refresh()
    keys = keys_pb2_grpc.KeyServiceStub(channel)
    for number in range(3):
        async with fails(StatusCode.NOT_FOUND):
            gone = keys_pb2.RevokeApiKeyRequest(id=f"key_{number}")
            await keys.RevokeApiKey(gone, metadata=metadata(secret))
    await context.audit.close()
    return key_id, metadata(secret)


@pytest.fixture
def ask(channel, admin):
    stub = audit_pb2_grpc.AuditServiceStub(channel)

    async def ask(**wanted):
        request = audit_pb2.ListAuditEventsRequest(**wanted)
        return await stub.ListAuditEvents(request, metadata=admin[1])

    return ask


async def test_events_are_those_of_the_database(ask, database):
    answer = await ask()
    with database.read() as session:
        rows = list_events(session, "default", page_size=10, page_token=None).rows
    assert [AuditEvent(**read_message(event)) for event in answer.audit_events] == [
        AuditEvent.model_validate(row) for row in rows
    ]
    assert [event.resource_id for event in answer.audit_events] == ["key_2", "key_1", "key_0"]
    assert answer.next_page_token == ""


async def test_they_come_in_pages(ask):
    first = await ask(page_size=2)
    rest = await ask(page_size=2, page_token=first.next_page_token)
    assert [event.resource_id for page in (first, rest) for event in page.audit_events] == [
        "key_2",
        "key_1",
        "key_0",
    ]


async def test_filters_choose(ask, admin):
    middle = (await ask()).audit_events[1]
    for wanted, count in (
        ({"actor": admin[0]}, 3),
        ({"actor": "key_of_nobody"}, 0),
        ({"operation": "revokeApiKey", "result": "NOT_FOUND"}, 3),
        ({"operation": "createApiKey"}, 0),
        ({"result": "OK"}, 0),
        ({"since": middle.create_time}, 2),
        ({"since": middle.create_time.ToDatetime() + timedelta(days=1)}, 0),
    ):
        assert len((await ask(**wanted)).audit_events) == count, wanted


async def test_a_bad_page_or_time_is_refused(ask):
    for wanted, field in (
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"since": {"seconds": 2**60}}, "since"),
    ):
        async with fails(StatusCode.INVALID_ARGUMENT) as failure:
            await ask(**wanted)
        assert [name for name, _ in failure.violations] == [field]


@pytest.mark.usefixtures("admin")
async def test_it_takes_an_admin_and_shows_no_other_project(channel, database, context):
    _, trainer = make_key(database, Scope.TRAIN)
    _, other = make_key(database, project="another")
    await context.keys.refresh()
    stub = audit_pb2_grpc.AuditServiceStub(channel)
    request = audit_pb2.ListAuditEventsRequest()
    async with fails(StatusCode.PERMISSION_DENIED):
        await stub.ListAuditEvents(request, metadata=metadata(trainer))
    assert not (await stub.ListAuditEvents(request, metadata=metadata(other))).audit_events
