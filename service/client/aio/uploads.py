"""What uploads share: a file in a body, and the wait for what becomes of it."""

import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel

from service.client.aio.transport import AsyncTransport
from service.client.aio.waiting import apart, pause
from service.client.frames import Frame, Part, parquet_of
from service.client.problems import error_from
from service.client.progress import UploadLine
from service.contract.datasets import DatasetState
from service.contract.errors import DeadlineExceededError
from service.contract.resources import Dataset, GeneTable, Network

Table = Path | str | bytes | Frame
R = TypeVar("R", Dataset, GeneTable, Network)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


async def send_table(
    transport: AsyncTransport,
    path: str,
    table: Table,
    spec: BaseModel,
    *,
    name: str | None,
    part: Part = "obs",
) -> Any:  # noqa: ANN401 - JSON
    """Post a table, a frame, its path or its bytes, with what its columns mean; returns the JSON.

    Raises:
        CellgebraError: what the service answered, or that it did not.
    """
    table = await as_file(table, part)
    parameters = {
        "name": name or ("upload" if isinstance(table, bytes) else Path(table).name),
        "spec": spec.model_dump_json(exclude_none=True),
        "request_id": str(uuid.uuid4()),
    }
    with opened(table) as content:
        answer = await transport.send("POST", path, parameters, content=content)
    return answer.json()


async def wait_until_ready(
    uploaded: R,
    read: Callable[[], Awaitable[R]],
    timeout_seconds: float,
    progress: bool | Callable[[R], object],
) -> R:
    """What was uploaded, once it is READY.

    `progress` True writes one line to stderr; a function is called with what was read, each time.

    Raises:
        CellgebraError: its ingest failed.
        DeadlineExceededError: it is still INGESTING.
    """
    deadline = time.monotonic() + timeout_seconds
    seconds = _FIRST_PAUSE_SECONDS
    show = progress if callable(progress) else UploadLine() if progress else None
    while uploaded.state is DatasetState.INGESTING:
        if time.monotonic() >= deadline:
            raise DeadlineExceededError(f"{uploaded.id} is still INGESTING")
        if show is not None:
            show(uploaded)
        await pause(seconds)
        seconds = min(2 * seconds, _LONGEST_PAUSE_SECONDS)
        uploaded = await read()
    if show is not None:
        show(uploaded)
    if uploaded.error is not None:
        raise error_from(uploaded.error)
    return uploaded


async def as_file(table: Table, part: Part = "obs") -> Path | str | bytes:
    """A path or bytes as they are, a frame as Parquet; `part` is meant of an AnnData.

    Raises:
        InvalidArgumentError: the columns of a frame cannot be sent.
        FailedPreconditionError: pyarrow is not installed.
    """
    if isinstance(table, Path | str | bytes):
        return table
    return await apart(parquet_of, table, part)


def opened(table: Path | str | bytes) -> AbstractContextManager[bytes | BinaryIO]:
    """The bytes of a table, or its file."""
    return nullcontext(table) if isinstance(table, bytes) else Path(table).open("rb")
