"""Where a call comes from: no client says so itself, a proxy that is believed does."""

import pytest
from grpc import StatusCode

from service.contract.repositories.audit import list_events
from service.rpc.addresses import HEADER, VARIABLE, Proxies
from service.rpc.pb.cellgebra.v1 import training_pb2
from tests.service.rpc.statuses import fails

HERE, AWAY = "ipv4:127.0.0.1:4711", "ipv4:192.0.2.1:4711"


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ("127.0.0.1", AWAY, ["198.51.100.7"], "192.0.2.1"),
        ("127.0.0.1", HERE, [], "127.0.0.1"),
        ("127.0.0.1", HERE, ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", HERE, ["198.51.100.7:80"], "198.51.100.7"),
        ("127.0.0.1", HERE, ["10.0.0.1, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", HERE, ["10.0.0.1", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", HERE, [" , "], "127.0.0.1"),
        ("127.0.0.1", HERE, ["nonsense"], "nonsense"),
        ("127.0.0.1, 198.51.100.0/24", HERE, ["10.0.0.1, 198.51.100.7"], "10.0.0.1"),
        ("127.0.0.1,198.51.100.0/24", HERE, ["198.51.100.8, 198.51.100.7"], "198.51.100.8"),
        ("*", AWAY, ["10.0.0.1, 198.51.100.7"], "10.0.0.1"),
        ("", HERE, ["198.51.100.7"], "127.0.0.1"),
        ("2001:db8::/32", "ipv6:%5B2001:db8::1%5D:4711", ["2001:db9::5"], "2001:db9::5"),
        ("2001:db8::/32", "ipv6:[2001:db8::1]:4711", ["[2001:db9::5]:80"], "2001:db9::5"),
        ("127.0.0.1", "ipv6:[::1]:4711", ["198.51.100.7"], "::1"),
        ("127.0.0.1", "unix:", ["198.51.100.7"], ""),
    ],
)
def test_the_nearest_that_is_no_proxy_asks(trusted, peer, forwarded, expected):
    assert Proxies(trusted).who_asks(peer, forwarded) == expected


@pytest.fixture(params=["127.0.0.1", "10.9.9.9"])
def proxies(request, monkeypatch):
    monkeypatch.setenv(VARIABLE, request.param)
    return request.param


async def test_the_audit_log_has_whom_the_proxy_names(proxies, training, context, database):
    request = training_pb2.DeleteTrainingJobRequest(id="job_1")
    async with fails(StatusCode.NOT_FOUND):
        await training.DeleteTrainingJob(request, metadata=[(HEADER, "198.51.100.7")])
    await context.audit.close()
    with database.read() as session:
        (row,) = list_events(session, "default", page_size=9, page_token=None).rows
    assert row.address == ("198.51.100.7" if proxies == "127.0.0.1" else "127.0.0.1")
