"""The HTTP protocol of the server, with a bound on what the parser itself keeps of a request.

That is whatever comes before the end of the headers, and the fields behind a body in chunks
(trailers), which uvicorn would add to the headers: here they are none.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 2**10


class BoundedHeadProtocol(HttpToolsProtocol):
    """Ends a connection from which so much has come without an end of headers, body or request."""

    _is_in_head = True
    _has_moved = False
    _kept_bytes = 0

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
        self._is_in_head, self._has_moved = False, True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body is there."""
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of the request is there."""
        self._has_moved = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Read what has come, and count it as long as it ends nothing."""
        self._has_moved = False
        super().data_received(data)
        self._kept_bytes = 0 if self._has_moved else self._kept_bytes + len(data)
        if self._kept_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"the headers are longer than {MAX_HEAD_BYTES} bytes")
