"""Files as streams of parts."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from pathlib import Path

from service.handlers.threads import Threads
from service.rpc.pb.cellgebra.v1 import jobs_pb2

PART_BYTES = 2**20


async def file_parts(
    threads: Threads, path: Path, sha256: str, *, begin: int = 0, end: int | None = None
) -> AsyncIterator[jobs_pb2.FilePart]:
    """A file, or its bytes from `begin` up to `end`; there is always a first part."""
    size_bytes = path.stat().st_size
    last = size_bytes if end is None else end
    part = jobs_pb2.FilePart(sha256=sha256, size_bytes=size_bytes)
    for start in range(begin, max(last, begin + 1), PART_BYTES):
        part.content = await threads.run(_read, path, start, min(last, start + PART_BYTES))
        yield part
        part = jobs_pb2.FilePart()


async def made_parts(
    threads: Threads, chunks: Generator[bytes, None, None]
) -> AsyncGenerator[jobs_pb2.FilePart, None]:
    """What is made as it is sent; a client that goes away ends it."""
    try:
        while (content := await threads.run(next, chunks, None)) is not None:
            yield jobs_pb2.FilePart(content=content)
    finally:
        await threads.run(chunks.close)


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)
