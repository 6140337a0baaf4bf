"""The front end's side of tables: one process reads and writes them, one table at a time.

It is started by the first table and let go when none has come for a while; one that a table has
ended, or that takes too long, is replaced by the next.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from service.contract import errors
from service.contract.score_tables import TableForm
from service.tables.frames import SIZES, pack_frame

# Each holds its body in memory.
MAX_WAITING = 32
IDLE_SECONDS = 60.0
_STOP_SECONDS = 2.0
_PROGRAM = "service.tables.program"
# One thread, and memory that is counted as it is used.
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_KINDS = {kind.reason: kind for kind in (errors.BadTableError, errors.BrokenTableError)}


class Designs(NamedTuple):
    """Genotypes of a table in the order of its rows, and the column that they stand in."""

    column: str
    genotypes: list[str]


class Tables:
    """Has tables read and written."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._waiting_count = 0
        self._process: Process | None = None
        self._farewell: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[int]] = set()

    async def read(
        self, body: bytes, form: TableForm, column: str | None, *, timeout_seconds: float
    ) -> Designs:
        """The designs of a table; `column` None: of the first column with a usual name.

        Raises:
            BrokenTableError: it is no such table, is damaged, or cannot be unpacked.
            BadTableError: it has no column of designs, too many rows, or rows without a design.
            ResourceExhaustedError: as many as allowed wait.
            DeadlineExceededError: it took too long.
        """
        question = {"do": "read", "form": form, "column": column}
        content = await self._ask(question, body, timeout_seconds)
        if content is None:
            raise errors.BrokenTableError(
                "the body cannot be read: the process that unpacked it was lost over it"
            )
        found = orjson.loads(content)
        return Designs(found["name"], found["texts"])

    async def write(self, answer: bytes, form: TableForm, *, timeout_seconds: float) -> bytes:
        """Scores, in JSON, as a table.

        Raises:
            ResourceExhaustedError: as many as allowed wait.
            DeadlineExceededError: it took too long.
            UnavailableError: the process that was writing them was lost.
        """
        content = await self._ask({"do": "write", "form": form}, answer, timeout_seconds)
        if content is None:
            raise errors.UnavailableError("the process that wrote the table was lost; ask again")
        return content

    async def close(self) -> None:
        """End the process."""
        if self._farewell is not None:
            self._farewell.cancel()
        self._drop()
        if self._ending:
            await asyncio.wait(self._ending, timeout=_STOP_SECONDS)

    async def _ask(
        self, question: Mapping[str, Any], body: bytes, timeout_seconds: float
    ) -> bytes | None:
        """The content of a reply; None if the process was lost meanwhile."""
        if self._waiting_count >= MAX_WAITING:
            raise errors.ResourceExhaustedError(
                f"{MAX_WAITING} tables wait to be read or written, which is the limit; try again "
                "in a second"
            )
        self._waiting_count += 1
        try:
            async with asyncio.timeout(timeout_seconds), self._turn:
                head, content = await self._exchange(question, body)
        except TimeoutError:
            raise errors.DeadlineExceededError(
                f"the table was not read or written within {timeout_seconds:.3g} s; ask again, "
                "or raise timeout_seconds"
            ) from None
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            self._waiting_count -= 1
        if "error" in head:
            raise _error(head["error"])
        return content

    async def _exchange(
        self, question: Mapping[str, Any], body: bytes
    ) -> tuple[dict[str, Any], bytes]:
        if self._farewell is not None:
            self._farewell.cancel()
        if self._process is not None and self._process.returncode is not None:
            self._process = None  # lost while nobody needed it
        try:
            process = self._process = self._process or await _started()
            reply = await _exchanged(process, pack_frame(question, body))
        except BaseException:
            self._drop()  # what it would say next answers nobody
            raise
        loop = asyncio.get_running_loop()
        self._farewell = loop.call_later(self._idle_seconds, self._drop)
        return reply

    def _drop(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        task = asyncio.create_task(process.wait())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _started() -> Process:
    # In a session of its own: a Ctrl-C is the front end's to hear, whose end is its end.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        _PROGRAM,
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | _ENVIRONMENT,
        start_new_session=True,
    )


async def _exchanged(process: Process, frame: bytes) -> tuple[dict[str, Any], bytes]:
    if process.stdin is None or process.stdout is None:
        raise ConnectionError
    process.stdin.write(frame)
    await process.stdin.drain()
    sizes = SIZES.unpack(await process.stdout.readexactly(SIZES.size))
    head, content = [await process.stdout.readexactly(size) for size in sizes]
    return orjson.loads(head), content


def _error(problem: Mapping[str, Any]) -> errors.CellgebraError:
    offenders = [errors.Offender.model_validate(one) for one in problem["errors"]]
    return _KINDS[problem["reason"]](problem["detail"], offenders)
