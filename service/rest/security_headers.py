"""Middleware: what every answer tells browsers not to do.

No answer allows another origin (CORS): pages of other sites read nothing. Pages of this service
show their own scripts, styles and pictures, which are in them or beside them, and ask nobody else.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Reports and /docs have their scripts and styles in the page; reports have pictures as data.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),  # for browsers that know no frame-ancestors
    (b"cross-origin-resource-policy", b"same-origin"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_NAMES = frozenset(name for name, _ in _HEADERS)


class SecurityHeadersMiddleware:
    """Adds them, where an answer does not say something else itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = [*_HEADERS, _HSTS] if scope["scheme"] == "https" else _HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", [])
                said = {name for name, _ in own if name in _NAMES}
                more = [pair for pair in added if pair[0] not in said] if said else added
                message["headers"] = [*own, *more]
            await send(message)

        await self._app(scope, receive, send_with_headers)
