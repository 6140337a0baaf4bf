"""Blobs in answers: what the headers tell, which part to ask for, whether it came unaltered."""

import hashlib
from pathlib import Path

import httpx
from pydantic import BaseModel

from service.contract.errors import BrokenArtifactError, InvalidArgumentError, UnavailableError

# Sizes and parts are those of the blob, not of what a proxy may make of it.
AS_STORED = {"Accept-Encoding": "identity"}
# What Starlette adds to each type of text.
_ADDED = "; charset=utf-8"


class ArtifactHead(BaseModel):
    """What a blob is; when it was stored is told by the list alone."""

    sha256: str
    size_bytes: int
    media_type: str


def head_of(sha256: str, answer: httpx.Response) -> ArtifactHead:
    """What the headers of a blob tell.

    Raises:
        UnavailableError: what stands before the service has taken them away.
    """
    size, media_type = (answer.headers.get(name) for name in ("Content-Length", "Content-Type"))
    if size is None or media_type is None:
        raise UnavailableError(
            f"the answer to HEAD {answer.url} has no Content-Length or Content-Type: the proxy "
            "before the service has to hand them on"
        )
    stored = media_type.removesuffix(_ADDED)
    return ArtifactHead(sha256=sha256, size_bytes=int(size), media_type=stored)


def range_of(offset_bytes: int, limit_bytes: int | None) -> dict[str, str]:
    """The header that asks for a part of a blob, at most `limit_bytes` from `offset_bytes` on.

    Empty for all of it.

    Raises:
        InvalidArgumentError: there is no such part of any blob.
    """
    if offset_bytes < 0:
        raise InvalidArgumentError(f"offset_bytes: {offset_bytes} is below 0: count from 0")
    if limit_bytes is not None and limit_bytes < 1:
        raise InvalidArgumentError(f"limit_bytes: {limit_bytes} is below 1: leave it out for all")
    if offset_bytes == 0 and limit_bytes is None:
        return {}
    last = "" if limit_bytes is None else offset_bytes + limit_bytes - 1
    return {"Range": f"bytes={offset_bytes}-{last}"}


def check_content(sha256: str, content: bytes) -> None:
    """Compare the bytes of a whole blob with its name.

    Raises:
        BrokenArtifactError: they are those of something else.
    """
    _compare(sha256, hashlib.sha256(content).hexdigest())


def check_file(sha256: str, path: Path) -> None:
    """Compare a file with the name of the blob that it should hold.

    Raises:
        BrokenArtifactError: it holds something else.
    """
    with path.open("rb") as file:
        _compare(sha256, hashlib.file_digest(file, "sha256").hexdigest())


def _compare(sha256: str, found: str) -> None:
    if found != sha256:
        raise BrokenArtifactError(
            f"artifact {sha256} came with the sha256 {found}: it was altered on its way, or where "
            "it is stored; ask for it again, or put it back from a backup"
        )
