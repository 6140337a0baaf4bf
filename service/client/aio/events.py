"""Server-sent events of a job, read across broken connections."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import httpx

from service.client.aio.transport import AsyncTransport
from service.client.aio.waiting import pause
from service.client.progress import has_ended
from service.client.retries import LONGEST_PAUSE_SECONDS
from service.contract.errors import ResourceExhaustedError, UnavailableError
from service.contract.jobs import TERMINAL_STATES, JobEvent

# The service sends a comment every 15 seconds when nothing happens.
_SILENCE_SECONDS = 45.0
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


async def follow(
    transport: AsyncTransport, path: str, after: int = 0
) -> AsyncGenerator[JobEvent, None]:
    """Events of the job at `path` after a sequence, until the job has ended.

    A lost connection is opened again after the last event seen: none is missed, none comes twice.
    A stream that ends before the job does, as that of a service that is stopped, is a lost one;
    one that is refused because the key has asked for too much is asked for again, too.

    Raises:
        CellgebraError: there is no such job, or the service stays away.
    """
    failures = 0
    last: JobEvent | None = None
    while True:
        asked = 0.0
        try:
            async with aclosing(_read_once(transport, path, after)) as events:
                async for event in events:
                    last, after, failures = event, event.sequence, 0
                    yield event
            if last is not None and has_ended(last):
                return
            if (await transport.get(path))["state"] in TERMINAL_STATES:
                return
        except (httpx.TransportError, UnavailableError, ResourceExhaustedError) as error:
            asked = _asked_seconds(error, failures, path)
        await pause(max(asked, _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]))
        failures = min(failures + 1, len(_PAUSES_SECONDS))


def _asked_seconds(error: Exception, failures: int, path: str) -> float:
    """How long the service asks to wait before the stream is asked for again.

    Raises:
        CellgebraError: it was asked for often enough, or is to be waited for too long.
    """
    asked = error.retry_after_seconds if isinstance(error, ResourceExhaustedError) else 0.0
    if failures < len(_PAUSES_SECONDS) and asked <= LONGEST_PAUSE_SECONDS:
        return asked
    if isinstance(error, ResourceExhaustedError):
        raise error
    raise UnavailableError(f"the events of {path} stay away: {error!r}") from error


async def _read_once(
    transport: AsyncTransport, path: str, after: int
) -> AsyncGenerator[JobEvent, None]:
    headers = {"Accept": "text/event-stream"}
    if after:
        headers["Last-Event-ID"] = str(after)
    async with transport.stream(f"{path}/events", headers, _SILENCE_SECONDS) as response:
        async for data in _data_of(response.aiter_lines()):
            yield JobEvent.model_validate_json(data)


async def _data_of(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The data of each complete event; an event that breaks off is dropped."""
    data: list[str] = []
    async for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line == "" and data:
            yield "\n".join(data)
            data = []
