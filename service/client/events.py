"""Server-sent events of a job, read across broken connections."""

import time
from collections.abc import Iterator

import httpx

from service.client.transport import Transport
from service.contract.errors import UnavailableError
from service.contract.jobs import TERMINAL_STATES, EventType, JobEvent

# The service sends a comment every 15 seconds when nothing happens.
_SILENCE_SECONDS = 45.0
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


def follow(transport: Transport, path: str, after: int = 0) -> Iterator[JobEvent]:
    """Events after a sequence, until the job has ended.

    A lost connection is opened again after the last event seen: none is missed, none comes twice.

    Raises:
        CellgebraError: there is no such job, or the service stays away.
    """
    failures = 0
    last: JobEvent | None = None
    while True:
        try:
            for event in _read_once(transport, path, after):
                last, after, failures = event, event.sequence, 0
                yield event
            if last is None or has_ended(last):
                return
        except (httpx.TransportError, UnavailableError) as error:
            if failures == len(_PAUSES_SECONDS):
                raise UnavailableError(f"the events of {path} stay away: {error!r}") from error
        time.sleep(_PAUSES_SECONDS[min(failures, len(_PAUSES_SECONDS) - 1)])
        failures += 1


def has_ended(event: JobEvent) -> bool:
    """Whether the event says that its job has ended."""
    return event.type is EventType.STATE and event.data.get("state") in TERMINAL_STATES


def _read_once(transport: Transport, path: str, after: int) -> Iterator[JobEvent]:
    headers = {"Accept": "text/event-stream"}
    if after:
        headers["Last-Event-ID"] = str(after)
    with transport.stream(path, headers, _SILENCE_SECONDS) as response:
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
