"""A zip archive written while it is sent: no file of it is ever whole in memory."""

import zipfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

CHUNK_BYTES = 1 << 20
_MODE = 0o644 << 16


@dataclass(frozen=True)
class ZipMember:
    """A file of an archive, open at its start."""

    name: str
    content: BinaryIO
    size_bytes: int


class _Sink:
    """What zipfile writes, until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def zip_chunks(members: Sequence[ZipMember]) -> Generator[bytes, None, None]:
    """The archive piece by piece, uncompressed; members are closed at its end.

    Law: the same members give the same bytes.
    """
    with ExitStack() as stack:
        for member in members:
            stack.enter_context(member.content)
        sink = _Sink()
        with zipfile.ZipFile(cast("BinaryIO", sink), "w") as archive:  # it writes only
            for member in members:
                info = zipfile.ZipInfo(member.name)
                info.external_attr = _MODE
                info.file_size = member.size_bytes
                with archive.open(info, "w") as target:
                    while chunk := member.content.read(CHUNK_BYTES):
                        target.write(chunk)
                        yield sink.take()
        yield sink.take()
