"""Blobs over HTTP: whole, in parts, unchanged, and only of the caller's project."""

import pytest

from service.contract.repositories.jobs import Owner
from tests.service.rows import OWNER, publish_blob

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def store_blob(context):
    def store(owner=OWNER):
        blob = publish_blob(
            context.database, context.store, CONTENT, owner=owner, media_type="text/html"
        )
        return blob.sha256

    return store


@pytest.fixture
def path(store_blob):
    return f"/v1/artifacts/{store_blob()}"


async def test_the_whole_blob(rest, path):
    response = await rest.get(path)
    assert (response.status_code, response.content) == (200, CONTENT)
    assert response.headers["content-length"] == str(len(CONTENT))
    assert response.headers["etag"] == f'"{path.rpartition("/")[2]}"'
    assert response.headers["accept-ranges"] == "bytes"


async def test_it_is_never_shown_as_a_page(rest, path):
    headers = (await rest.get(path)).headers
    assert headers["content-disposition"] == "attachment"
    assert headers["x-content-type-options"] == "nosniff"


async def test_head_has_the_headers_alone(rest, path):
    response = await rest.head(path)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(CONTENT))


async def test_who_needs_no_content_has_none_fetched(rest, path, context, monkeypatch):
    monkeypatch.setattr(context.store, "path", None)
    etag = (await rest.head(path)).headers["etag"]
    assert (await rest.get(path, headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize(
    ("range_", "expected"),
    [
        ("bytes=0-9", CONTENT[:10]),
        ("bytes=100-", CONTENT[100:]),
        ("bytes=-7", CONTENT[-7:]),
        (f"bytes=5-{10**12}", CONTENT[5:]),
    ],
)
async def test_a_part(rest, path, range_, expected):
    response = await rest.get(path, headers={"Range": range_})
    assert (response.status_code, response.content) == (206, expected)
    first = CONTENT.index(expected) if len(expected) == 10 else len(CONTENT) - len(expected)
    last = first + len(expected) - 1
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"


@pytest.mark.parametrize("range_", [f"bytes={len(CONTENT)}-", "bytes=-0", "bytes=99999-100000"])
async def test_a_part_that_is_not_there(rest, path, range_):
    response = await rest.get(path, headers={"Range": range_})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(CONTENT)}"
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "range_", ["lines=1-2", "bytes=5-2", "bytes=-", "bytes=a-b", "bytes=0-1,5-6"]
)
async def test_a_range_that_makes_no_sense_is_ignored(rest, path, range_):
    response = await rest.get(path, headers={"Range": range_})
    assert (response.status_code, response.content) == (200, CONTENT)


async def test_what_the_caller_has_is_not_sent_again(rest, path):
    etag = (await rest.head(path)).headers["etag"]
    response = await rest.get(path, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (response.status_code, response.content) == (304, b"")
    stale = await rest.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, CONTENT)


async def test_other_projects_have_their_own(rest, store_blob):
    path = f"/v1/artifacts/{store_blob(Owner('another', 'eve'))}"
    assert (await rest.get(path)).status_code == 404
    assert (await rest.get("/v1/artifacts")).json()["items"] == []


@pytest.mark.parametrize("sha256", ["0" * 64, "..%2F..%2Fetc", "A" * 64, "short"])
async def test_no_such_blob(rest, sha256):
    response = await rest.get(f"/v1/artifacts/{sha256}")
    assert response.status_code == 404


async def test_they_are_listed(rest, path):
    (item,) = (await rest.get("/v1/artifacts")).json()["items"]
    assert path.endswith(item["sha256"])
    assert item["size_bytes"] == len(CONTENT)
