"""The HTTP protocol of the server, with bounds on what no part of the app waits for.

What the parser itself keeps of a request is bounded: whatever comes before the end of the headers,
and the fields behind a body in chunks (trailers), which uvicorn would add to the headers: here they
are none. So is the time that a head may take, and that of a body which is answered already.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 2**10


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection from which so much has come without an end of headers, body or request.

    It also ends one that owes its server the end of a head, or of a body that nobody reads any
    more, for longer than `patience_seconds`.
    """

    patience_seconds = 30.0

    _is_in_head = True
    _is_in_body = False
    _has_moved = False
    _kept_bytes = 0
    _unanswered_count = 0
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected, and owes a head."""
        super().connection_made(transport)
        self._hurry(is_owing=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._hurry(is_owing=False)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header is there, or a trailer."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """All headers are there."""
        self._is_in_head, self._is_in_body, self._has_moved = False, True, True
        self._unanswered_count += 1
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body is there."""
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of the request is there."""
        self._is_in_body, self._has_moved = False, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """All of the answer is there."""
        self._unanswered_count -= 1
        super().on_response_complete()
        if self._is_in_body and not self._unanswered_count:
            self._hurry(is_owing=True)

    def data_received(self, data: bytes) -> None:
        """Read what has come, and count it as long as it ends nothing."""
        self._has_moved = False
        super().data_received(data)
        self._kept_bytes = 0 if self._has_moved else self._kept_bytes + len(data)
        if self._kept_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"the headers are longer than {MAX_HEAD_BYTES} bytes")
        is_idle_talk = self._is_in_body or not self._has_moved
        self._hurry(is_owing=self._is_in_head or (is_idle_talk and not self._unanswered_count))

    def _hurry(self, *, is_owing: bool) -> None:
        """Have the connection end in time, as long as its other side owes something."""
        if self._end is not None and not is_owing:
            self._end.cancel()
            self._end = None
        elif self._end is None and is_owing and not self.transport.is_closing():
            self._end = self.loop.call_later(self.patience_seconds, self.transport.close)


def bounded_protocol(patience_seconds: float) -> type[BoundedHeadProtocol]:
    """The protocol with this patience; uvicorn makes one a connection."""
    return type("BoundedProtocol", (BoundedHeadProtocol,), {"patience_seconds": patience_seconds})
