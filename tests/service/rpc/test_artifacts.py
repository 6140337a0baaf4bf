"""Blobs over gRPC: whole, in parts, and only of the caller's project."""

import pytest
from grpc import StatusCode

from service.contract.repositories.jobs import Owner
from service.contract.resources import Artifact
from service.handlers.artifacts import get_artifact
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import artifacts_pb2, artifacts_pb2_grpc
from tests.service.rows import OWNER, publish_blob
from tests.service.rpc.statuses import fails

CONTENT = bytes(range(256)) * 10_000  # 2.4 MiB, three parts


@pytest.fixture
def artifacts(channel):
    return artifacts_pb2_grpc.ArtifactServiceStub(channel)


@pytest.fixture
def store(context):
    def blob(content=CONTENT, owner=OWNER):
        return publish_blob(context.database, context.store, content, owner=owner).sha256

    return blob


@pytest.fixture
def download(artifacts):
    async def parts(sha256, **which):
        asked = artifacts_pb2.DownloadArtifactRequest(sha256=sha256, **which)
        return [part async for part in artifacts.DownloadArtifact(asked)]

    return parts


def whole(parts):
    return b"".join(part.content for part in parts)


async def test_the_whole_blob(download, store):
    sha256 = store()
    parts = await download(sha256)
    assert whole(parts) == CONTENT
    assert [len(part.content) for part in parts] == [2**20, 2**20, len(CONTENT) - 2**21]
    assert (parts[0].sha256, parts[0].size_bytes) == (sha256, len(CONTENT))


@pytest.mark.parametrize("content", [b"", b"x"])
async def test_small_blobs(download, store, content):
    parts = await download(store(content))
    assert (len(parts), whole(parts), parts[0].size_bytes) == (1, content, len(content))


@pytest.mark.parametrize(
    ("offset", "limit"),
    [(0, 1), (5, 10), (2**20 - 1, 2), (len(CONTENT) - 1, 100), (2**20, 2**21)],
)
async def test_a_range_is_that_slice(download, store, offset, limit):
    parts = await download(store(), offset_bytes=offset, limit_bytes=limit)
    assert whole(parts) == CONTENT[offset : offset + limit]
    assert parts[0].size_bytes == len(CONTENT)


@pytest.mark.parametrize(
    ("which", "field"),
    [
        ({"offset_bytes": len(CONTENT)}, "offset_bytes"),
        ({"offset_bytes": -1}, "offset_bytes"),
        ({"limit_bytes": 0}, "limit_bytes"),
    ],
)
async def test_a_range_that_the_blob_does_not_have(download, store, which, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await download(store(), **which)
    assert [path for path, _ in failure.violations] == [field]


async def test_an_artifact_is_looked_up_and_listed(artifacts, store, context, caller):
    made = [store(bytes([number])) for number in range(3)]
    found = await artifacts.GetArtifact(artifacts_pb2.GetArtifactRequest(sha256=made[0]))
    received = Artifact.model_validate(read_message(found))
    assert received == get_artifact(context, caller, made[0])
    asked = artifacts_pb2.ListArtifactsRequest(page_size=2)
    first = await artifacts.ListArtifacts(asked)
    asked.page_token = first.next_page_token
    second = await artifacts.ListArtifacts(asked)
    ids = [one.sha256 for one in [*first.artifacts, *second.artifacts]]
    assert sorted(ids) == sorted(made)
    assert second.next_page_token == ""


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd"])
async def test_a_blob_that_is_not_there(artifacts, download, sha256):
    async with fails(StatusCode.NOT_FOUND):
        await artifacts.GetArtifact(artifacts_pb2.GetArtifactRequest(sha256=sha256))
    async with fails(StatusCode.NOT_FOUND):
        await download(sha256)


async def test_a_blob_of_another_project_is_not_there(download, store):
    sha256 = store(b"theirs", Owner("another", "eve"))
    async with fails(StatusCode.NOT_FOUND):
        await download(sha256)


async def test_a_token_of_our_own_making(artifacts):
    async with fails(StatusCode.INVALID_ARGUMENT):
        await artifacts.ListArtifacts(artifacts_pb2.ListArtifactsRequest(page_token="x"))  # noqa: S106
