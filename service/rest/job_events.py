"""The stream of a job's events: server-sent events, from any of them on."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import Header
from fastapi.sse import ServerSentEvent

from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobEvent

LastEventId = Annotated[
    str | None, Header(description="Id of the last event seen; the stream goes on after it")
]


class BadLastEventIdError(InvalidArgumentError):
    """`Last-Event-ID` is not the id of an event of this job."""

    reason = "BAD_LAST_EVENT_ID"


def sequence_of(last_event_id: str | None) -> int:
    """How many events were seen.

    Raises:
        BadLastEventIdError: it is no number.
    """
    text = (last_event_id or "0").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadLastEventIdError(
            f"Last-Event-ID {text[:50]!r} is not an id that this stream gave; "
            "leave it out to start from the first event"
        )
    return int(text)


async def server_sent(events: AsyncGenerator[JobEvent]) -> AsyncIterator[ServerSentEvent]:
    """Events as they go over the wire; the stream ends with the job."""
    async with aclosing(events) as following:
        async for event in following:
            yield ServerSentEvent(
                id=str(event.sequence), event=event.type.value, raw_data=event.model_dump_json()
            )
