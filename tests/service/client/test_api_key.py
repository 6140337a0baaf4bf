"""The key that the client sends: the one it was given, else that of the environment."""

import inspect
from pathlib import Path

import httpx
import pytest

from service.client.aio.cellgebra import AsyncCellgebra
from service.client.cellgebra import Cellgebra
from service.contract.errors import NotFoundError, UnauthenticatedError

KINDS = {Cellgebra: httpx.Client, AsyncCellgebra: httpx.AsyncClient}
URL = "http://service"
BASIC = httpx.BasicAuth("ada", "secret")

both = pytest.mark.parametrize("kind", KINDS)


async def sent_by(kind, api_key=None, **options):
    """What each kind of request carried: one of JSON, one for health, one whose body is read on."""
    seen = []

    def note(request):
        seen.append((str(request.url), request.headers.get("Authorization")))
        return httpx.Response(404, json={"code": "NOT_FOUND", "detail": "no"})

    http = KINDS[kind](transport=httpx.MockTransport(note), **options)
    client = kind(URL, api_key, http=http)
    for ask in (lambda: client.model("model_1"), client.health, lambda: download(client)):
        with pytest.raises(NotFoundError):
            await awaited(ask)
    seen.append(http.headers.get("Authorization"))
    return seen


async def awaited(ask):
    asked = ask()
    return await asked if inspect.isawaitable(asked) else asked


def download(client):
    return client._transport.download("/v1/artifacts/x", Path("never-written"))


@both
@pytest.mark.parametrize(
    ("given", "found", "sent"),
    [
        (None, None, None),
        (None, "cgb_2", "Bearer cgb_2"),
        ("cgb_1", "cgb_2", "Bearer cgb_1"),
        (None, "cgb_2\n", "Bearer cgb_2"),
    ],
)
async def test_which_key_is_sent(monkeypatch, kind, given, found, sent):
    if found is not None:
        monkeypatch.setenv("CELLGEBRA_API_KEY", found)
    *requests, of_http = await sent_by(kind, given, base_url="http://other")
    assert {key for _, key in requests} == {sent}
    assert of_http is None  # for whatever else it is used


@both
async def test_an_authorization_of_http_goes_before_the_environment(monkeypatch, kind):
    monkeypatch.setenv("CELLGEBRA_API_KEY", "cgb_2")
    own = {"Authorization": "Bearer of-a-proxy"}
    *requests, _ = await sent_by(kind, headers=own)
    assert {key for _, key in requests} == {"Bearer of-a-proxy"}
    *requests, _ = await sent_by(kind, "cgb_1", headers=own)
    assert {key for _, key in requests} == {"Bearer cgb_1"}
    *requests, _ = await sent_by(kind, auth=BASIC)
    assert all(key.startswith("Basic ") for _, key in requests)


@both
def test_two_that_would_write_one_header_are_refused(kind):
    with pytest.raises(ValueError, match="give one of them"):
        kind(URL, "cgb_1", http=KINDS[kind](auth=BASIC))


@both
@pytest.mark.parametrize("key", ["cgb_\u00e9", "cgb_1 cgb_2", "cgb_1\ncgb_2", "cgb_\0"])
def test_what_is_no_key_is_not_sent(kind, key):
    with pytest.raises(UnauthenticatedError, match="no key has") as caught:
        kind(URL, key)
    assert key not in str(caught.value)


@both
async def test_the_url_is_that_of_http_if_it_has_one(kind):
    *requests, _ = await sent_by(kind)
    assert {url.split("/v1")[0].split("/health")[0] for url, _ in requests} == {URL}
    *requests, _ = await sent_by(kind, base_url="http://other/root")
    assert all(url.startswith("http://other/root/") for url, _ in requests)
