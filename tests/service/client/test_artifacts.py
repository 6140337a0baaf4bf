"""Blobs through the client: looked up, read in parts, written to files, and never altered."""

import hashlib

import httpx
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import (
    BrokenArtifactError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from tests.service.client.conftest import table

CONTENT = table()
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NO_BLOB = "0" * 64


@pytest.fixture
def stored(client, dataset):
    """The artifacts of a service that holds an upload."""
    assert dataset.source_sha256 == SHA256
    return client.artifacts


def artifacts_of(answer):
    """Artifacts of a service whose network gives `answer`."""
    http = httpx.Client(transport=httpx.MockTransport(lambda _: answer), base_url="http://service")
    return Cellgebra(http=http).artifacts


def test_an_upload_is_listed_and_looked_up(stored):
    (listed,) = [one for one in stored.list() if one.sha256 == SHA256]
    found = stored.get(SHA256)
    assert found.model_dump() == listed.model_dump(exclude={"create_time"})
    assert found.size_bytes == len(CONTENT)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, CONTENT),
        ({"offset_bytes": 5}, CONTENT[5:]),
        ({"limit_bytes": 7}, CONTENT[:7]),
        ({"offset_bytes": 9, "limit_bytes": 4}, CONTENT[9:13]),
        ({"offset_bytes": 3, "limit_bytes": 10**18}, CONTENT[3:]),
        ({"offset_bytes": len(CONTENT) - 1}, CONTENT[-1:]),
    ],
)
def test_a_part_is_that_slice(stored, which, expected):
    assert stored.read(SHA256, **which) == expected


@pytest.mark.parametrize(
    ("which", "told"),
    [
        ({"offset_bytes": -1}, "offset_bytes: -1 is below 0"),
        ({"limit_bytes": 0}, "limit_bytes: 0 is below 1"),
        ({"offset_bytes": len(CONTENT)}, f"the artifact has {len(CONTENT)} bytes"),
    ],
)
def test_a_part_that_is_not_there_is_refused(stored, which, told):
    with pytest.raises(InvalidArgumentError, match=told):
        stored.read(SHA256, **which)


def test_a_blob_is_written_to_a_file(stored, tmp_path):
    path = stored.save(SHA256, tmp_path / "designs.tsv")
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("sha256", [NO_BLOB, "../../etc/passwd"])
def test_a_blob_that_is_not_there(stored, tmp_path, sha256):
    for ask in (stored.get, stored.read, lambda one: stored.save(one, tmp_path / "x")):
        with pytest.raises(NotFoundError):
            ask(sha256)
    with pytest.raises(NotFoundError, match=f"no artifact {NO_BLOB}"):
        stored.get(NO_BLOB)
    assert list(tmp_path.iterdir()) == []


def test_altered_bytes_are_refused_and_leave_the_file_that_was_there(tmp_path):
    altered = artifacts_of(httpx.Response(200, content=CONTENT[:-1]))
    target = tmp_path / "designs.tsv"
    target.write_text("before")
    for ask in (altered.read, lambda sha256: altered.save(sha256, target)):
        with pytest.raises(BrokenArtifactError, match=f"artifact {SHA256} came with the sha256"):
            ask(SHA256)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_a_range_that_was_ignored_on_the_way_is_cut_here():
    whole = artifacts_of(httpx.Response(200, content=CONTENT))
    assert whole.read(SHA256, offset_bytes=2, limit_bytes=3) == CONTENT[2:5]


def test_headers_that_were_taken_away_are_told_of():
    bare = artifacts_of(httpx.Response(200, stream=httpx.ByteStream(b"")))
    with pytest.raises(UnavailableError, match="no Content-Length or Content-Type"):
        bare.get(SHA256)
