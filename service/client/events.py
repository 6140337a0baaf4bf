# Generated from service/client/aio/events.py by `make client`. Change that file.
"""Server-sent events of a job, read across broken connections."""

from collections.abc import Generator, Iterator
from contextlib import closing

import httpx

from service.client.progress import has_ended
from service.client.retries import LONGEST_PAUSE_SECONDS
from service.client.transport import Transport
from service.client.waiting import pause
from service.contract.errors import ResourceExhaustedError, UnavailableError
from service.contract.jobs import TERMINAL_STATES, JobEvent

# The service sends a comment every 15 seconds when nothing happens.
_SILENCE_SECONDS = 45.0
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


def follow(transport: Transport, path: str, after: int = 0) -> Generator[JobEvent, None, None]:
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
            with closing(_read_once(transport, path, after)) as events:
                for event in events:
                    last, after, failures = event, event.sequence, 0
                    yield event
            if last is not None and has_ended(last):
                return
            if (transport.get(path))["state"] in TERMINAL_STATES:
                return
        except (httpx.TransportError, UnavailableError, ResourceExhaustedError) as error:
            asked = _asked_seconds(error, failures, path)
        pause(max(asked, _PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)]))
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


def _read_once(transport: Transport, path: str, after: int) -> Generator[JobEvent, None, None]:
    headers = {"Accept": "text/event-stream"}
    if after:
        headers["Last-Event-ID"] = str(after)
    with transport.stream(f"{path}/events", headers, _SILENCE_SECONDS) as response:
        for data in _data_of(response.iter_lines()):
            yield JobEvent.model_validate_json(data)


def _data_of(lines: Iterator[str]) -> Iterator[str]:
    """The data of each complete event; an event that breaks off is dropped."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line == "" and data:
            yield "\n".join(data)
            data = []
