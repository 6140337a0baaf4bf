"""Open to this machine, to nothing else: not to the network, not to pages of other sites."""

import pytest

from service.rest.access import require_loopback
from service.server import create_app


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])  # noqa: S104
def test_it_refuses_to_listen_on_the_network(settings, host):
    with pytest.raises(ValueError, match="access control is not there yet"):
        create_app(settings.model_copy(update={"host": host}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_fine(settings, host):
    require_loopback(settings.model_copy(update={"host": host}))


async def test_every_route_asks_who_calls(rest):
    paths = (await rest.get("/openapi.json")).json()["paths"]
    routes = [(method, path) for path, item in paths.items() for method in item]
    assert len(routes) >= 16
    for method, path in routes:
        response = await rest.request(method, path, headers={"Origin": "http://example.org"})
        assert response.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.org:8000"},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Host": ""},
    ],
)
async def test_pages_of_other_sites_are_refused(rest, headers):
    response = await rest.get("/v1/models", headers=headers)
    assert response.status_code == 403
    assert response.json()["code"] == "PERMISSION_DENIED"


async def test_its_own_pages_are_answered(rest):
    response = await rest.get("/v1/models", headers={"Origin": "http://127.0.0.1:8000"})
    assert response.status_code == 200
