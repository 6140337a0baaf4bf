"""Artifacts, as the client sees them: blobs by the sha256 of what they hold."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from service.client.aio.paging import pages
from service.client.aio.transport import AsyncTransport
from service.client.blobs import (
    AS_STORED,
    ArtifactHead,
    check_content,
    check_file,
    head_of,
    range_of,
)
from service.client.paths import path_of
from service.contract.errors import NotFoundError
from service.contract.resources import Artifact

_PATH = "/v1/artifacts"


class AsyncArtifacts:
    """The blobs of the caller's project: uploads, tables, weights, manifests. None ever changes."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(self) -> AsyncIterator[Artifact]:
        """Every artifact, newest first."""
        return pages(self._transport, _PATH, Artifact, {})

    async def get(self, sha256: str) -> ArtifactHead:
        """Size and media type of an artifact, without its bytes.

        Raises:
            NotFoundError: this project holds no such artifact.
        """
        try:
            path = path_of(_PATH, sha256)
            answer = await self._transport.send("HEAD", path, headers=AS_STORED)
        except NotFoundError:  # an answer to HEAD has no body that tells what is missing
            raise NotFoundError(f"no artifact {sha256}") from None
        return head_of(sha256, answer)

    async def read(
        self, sha256: str, *, offset_bytes: int = 0, limit_bytes: int | None = None
    ) -> bytes:
        """The bytes of an artifact, or at most `limit_bytes` of them from `offset_bytes` on.

        They are held in memory: `save` writes an artifact of any size. One that is read as a whole
        is compared with its hash.

        Raises:
            NotFoundError: this project holds no such artifact.
            InvalidArgumentError: it has no byte at `offset_bytes`.
            BrokenArtifactError: what came is not what the hash names.
        """
        part = range_of(offset_bytes, limit_bytes)
        answer = await self._transport.send(
            "GET", path_of(_PATH, sha256), headers={**AS_STORED, **part}
        )
        if answer.status_code == httpx.codes.PARTIAL_CONTENT:
            return answer.content
        check_content(sha256, answer.content)
        end = None if limit_bytes is None else offset_bytes + limit_bytes
        return answer.content[offset_bytes:end]

    async def save(self, sha256: str, path: str | Path) -> Path:
        """Write an artifact to a file as it comes, whatever its size; returns its path.

        Raises:
            NotFoundError: this project holds no such artifact.
            BrokenArtifactError: what came is not what the hash names; no file is written.
            UnavailableError: the connection was lost; no file is written.
        """
        return await self._transport.download(
            path_of(_PATH, sha256), Path(path), lambda part: check_file(sha256, part)
        )
