"""Middleware: a body that is held in memory has a bound; uploads, which are streamed, have theirs.

None may come too slowly. FastAPI's own `max_body_size` answers in plain text, not with a problem
document.
"""

import re
from collections.abc import Sequence

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract.errors import SlowSenderError
from service.contract.settings import Settings
from service.handlers.pace import Pace

# 10,000 long genotypes take a tenth of this.
MAX_JSON_BYTES = 16 * 2**20
# A client that still sends when the connection closes may not read why (the kernel resets it).
_MAX_DROPPED_BYTES = 4 * MAX_JSON_BYTES


class BodyLimitMiddleware:
    """Refuses slow bodies, and on every path but those of `streamed` also large ones."""

    def __init__(
        self, app: ASGIApp, streamed: Sequence[re.Pattern[str]], settings: Settings
    ) -> None:
        self._app = app
        self._streamed = streamed
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _paced(receive, Pace(self._settings))
            if not self._is_streamed(scope["path"]):
                receive = _limited(receive, Headers(scope=scope).get("content-length", ""))
        await self._app(scope, receive, send)

    def _is_streamed(self, path: str) -> bool:
        return any(pattern.fullmatch(path) for pattern in self._streamed)


def _paced(receive: Receive, pace: Pace) -> Receive:
    is_whole = False  # what comes behind a body, the end of its connection, may take any time

    async def receive_in_time() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            message = await pace.wait(receive())
        except SlowSenderError as error:
            raise _refusal(408, error.detail) from None
        pace.earn(len(message.get("body", b"")))
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time


def _limited(receive: Receive, announced: str) -> Receive:
    size_bytes = int(announced) if announced.isascii() and announced.isdigit() else 0
    received_bytes = 0

    async def receive_some() -> Message:
        nonlocal received_bytes
        if size_bytes > _MAX_DROPPED_BYTES:
            raise _too_large()
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if max(size_bytes, received_bytes) > MAX_JSON_BYTES:
            await _drop(message, receive)
            raise _too_large()
        return message

    return receive_some


async def _drop(message: Message, receive: Receive) -> None:
    """Read what is left of a body, up to a bound, and keep nothing of it."""
    dropped_bytes = 0
    while message.get("more_body") and dropped_bytes <= _MAX_DROPPED_BYTES:
        message = await receive()
        dropped_bytes += len(message.get("body", b""))


def _too_large() -> HTTPException:
    return _refusal(413, f"the body is larger than {MAX_JSON_BYTES} bytes, which is the limit here")


def _refusal(status: int, detail: str) -> HTTPException:
    """Raised where the body is read, so that it becomes a problem document."""
    return HTTPException(status, detail, headers={"Connection": "close"})
