"""Messages of uploads, as a client sends them."""

import asyncio


def parts(kind, header, content, chunk_bytes=7):
    """The header and its chunks, as messages of `kind`."""
    yield kind(header=header)
    for start in range(0, len(content), chunk_bytes):
        yield kind(chunk=content[start : start + chunk_bytes])


async def nothing_is_left(settings, seconds=30):
    """Waits until no unfinished file lies there, and requires that no blob does."""
    incoming = settings.artifact_dir / "incoming"
    async with asyncio.timeout(seconds):
        while not incoming.exists() or list(incoming.iterdir()):
            await asyncio.sleep(0.01)
    assert [path.name for path in settings.artifact_dir.iterdir()] == ["incoming"]
