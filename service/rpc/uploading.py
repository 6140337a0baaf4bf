"""What the methods of uploads share: the order of messages, and what becomes of a failed ingest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from service.contract.datasets import DatasetState
from service.contract.errors import CellgebraError, InvalidArgumentError, class_of
from service.contract.resources import Dataset, GeneTable, Network
from service.handlers.pace import Pace
from service.rpc.paths import request_path

HEADER, CHUNK = "header", "chunk"

# A client of grpc.aio that still writes when its call has ended hears of INTERNAL alone: a refused
# upload is read on for a while, and dropped, so that its sender is there to hear why.
LINGER_SECONDS = 5.0
LINGER_IDLE_SECONDS = 0.5


@asynccontextmanager
async def opened(
    parts: AsyncIterator[Any], pace: Pace
) -> AsyncIterator[tuple[Any, AsyncIterator[bytes]]]:
    """The header of an upload, and its bytes as they come.

    Raises:
        InvalidArgumentError: the first message is no header; when bytes are read: another one is.
        SlowSenderError: it does not come, or when bytes are read, they come too slowly.
    """
    try:
        first = await pace.wait(anext(parts, None))
        if first is None or first.WhichOneof("part") != HEADER:
            raise InvalidArgumentError("the first message of an upload has to be its header")
    except CellgebraError:
        await _linger(parts)
        raise
    try:
        yield first.header, _chunks(parts, pace)
    except CellgebraError as error:
        for offender in error.offenders:
            offender.field = request_path(first, offender.field or "")
        await _linger(parts)
        raise


async def _linger(parts: AsyncIterator[Any]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while await asyncio.wait_for(anext(parts, None), LINGER_IDLE_SECONDS) is not None:
                pass


async def _chunks(parts: AsyncIterator[Any], pace: Pace) -> AsyncIterator[bytes]:
    while (part := await pace.wait(anext(parts, None))) is not None:
        if part.WhichOneof("part") != CHUNK:
            raise InvalidArgumentError("every message of an upload but the first has to be a chunk")
        chunk: bytes = part.chunk
        pace.earn(len(chunk))
        yield chunk


def require_ingested(uploaded: Dataset | GeneTable | Network, id_field: str) -> None:
    """Raise what ingest has ended with, if it has FAILED; the error names the id of the upload.

    Raises:
        CellgebraError: it has.
    """
    if uploaded.state is not DatasetState.FAILED:
        return
    problem = uploaded.error
    error = CellgebraError("ingest failed")
    if problem is not None:
        kind = class_of(problem.code, problem.reason)
        error = kind(problem.detail, problem.errors)
    error.named[id_field] = uploaded.id
    raise error
