"""Who calls. Middleware tells it from the headers, before any part of the body is read.

A browser on this machine runs pages of strangers, so being on loopback is not enough where there
are no keys: a request has to name this host (DNS rebinding) and may not come from a page of
another origin.
"""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract.errors import (
    CellgebraError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from service.handlers import access
from service.handlers.context import LOCAL, Caller, Context
from service.handlers.open_inference import problem_text
from service.handlers.permissions import OPERATIONS, is_change, require_scope
from service.handlers.rate_limits import headers_of
from service.rest import login
from service.rest.problems import answer_error

PUBLIC_PATHS = frozenset(
    {
        *("/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"),
        *("/docs", "/docs/oauth2-redirect", "/openapi.json", login.PATH, "/logout"),
    }
)
_PUBLIC_FOLDER = "/static-offline-docs/"  # scripts of /docs
# A key in an address ends up in histories and logs of proxies.
_KEYS_IN_QUERIES = (b"cgb_", b"api_key=", b"access_token=")


class AccessMiddleware:
    """Has every request told who calls, or answered that nobody may; notes what it changed."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            caller = await _caller_of(self._context, scope)
            quotas = await self._context.limits.take_request(caller.key_id) if caller else []
        except CellgebraError as error:
            response = await _refuse(Request(scope, receive), error)
            await response(scope, receive, send)
            return
        state["caller"] = caller
        if quotas:
            send = _with_headers(send, headers_of(quotas))
        if scope["method"] in _READS:
            await self._app(scope, receive, send)
            return
        location = _Location(send)
        try:
            await self._app(scope, receive, location.send)
        finally:
            _note(self._context, scope, location)


_READS = frozenset({"GET", "HEAD"})


class _Location:
    """What an answer says it has made, and its status (None: it has not begun)."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.made = ""

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            found = [value for name, value in message["headers"] if name == b"location"]
            self.made = found[0].decode("latin-1").rpartition("/")[2] if found else ""
        await self._send(message)


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return send_with_headers


def _note(context: Context, scope: Scope, location: _Location) -> None:
    """Write a change into the audit log, also one that was asked for in vain."""
    state = scope["state"]
    operation, caller = state.get("operation"), state["caller"]
    if operation is None or caller is None or not is_change(operation):
        return
    is_well = location.status is not None and location.status < HTTPStatus.BAD_REQUEST
    context.audit.note(
        project_id=caller.project_id,
        actor=caller.name,
        door="rest",
        operation=operation,
        resource_id=location.made or state.get("resource", ""),
        address=address_of(scope),
        result="OK" if is_well else state.get("result", "INTERNAL"),
    )


def address_of(scope: Scope) -> str:
    """Where a request came from; a proxy that the server trusts has told it."""
    client = scope.get("client")
    return client[0] if client else ""


async def _caller_of(context: Context, scope: Scope) -> Caller | None:
    """The caller; None where anybody may ask.

    Raises:
        UnauthenticatedError: the request has no key that opens, or one in its address.
        PermissionDeniedError: there are no keys, and the request comes from elsewhere.
        UnavailableError: the database has been away for too long to tell.
    """
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == _AUTHORIZATION]
    if not given and scope["method"] in _READS:
        given = _key_of_browser(scope)
    is_public = is_public_path(scope["path"])
    if _has_key(scope["query_string"]):
        raise _key_in_query(context, address_of(scope))
    if not given and await _is_open(context, is_public=is_public):
        _require_this_machine(scope)
        return LOCAL
    if is_public:
        return None
    return await access.admit(context, given, door="rest", address=address_of(scope))


async def _is_open(context: Context, *, is_public: bool) -> bool:
    """As `access.is_open`; what anybody may ask for is answered without a database as well."""
    try:
        return await access.is_open(context)
    except UnavailableError:
        if not is_public:
            raise
        return False


_AUTHORIZATION, _HOST, _ORIGIN = b"authorization", b"host", b"origin"


def _key_of_browser(scope: Scope) -> list[str]:
    """The key in a browser's cookie, as the header would have it."""
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    secret = login.key_in_cookies(cookies) if cookies else None
    return [] if secret is None else [f"Bearer {secret}"]


def is_public_path(path: str) -> bool:
    """Whether anybody may ask for it."""
    return path in PUBLIC_PATHS or path.startswith(_PUBLIC_FOLDER)


def _has_key(query: bytes) -> bool:
    return bool(query) and any(sign in query for sign in _KEYS_IN_QUERIES)


def _key_in_query(context: Context, address: str) -> CellgebraError:
    error = UnauthenticatedError(
        "an API key in an address can be read in histories and logs: send it in the header "
        "Authorization, and rotate the one that was sent"
    )
    return access.refusal(context, error, (), door="rest", address=address)


def _require_this_machine(scope: Scope) -> None:
    """Check that a request was meant for this machine, and is no page's of another site.

    Raises:
        PermissionDeniedError: it is.
    """
    headers = dict(scope["headers"])
    host = headers.get(_HOST, b"").decode("latin-1")
    origin = headers.get(_ORIGIN)
    try:
        name = urlsplit(f"//{host}").hostname or ""
        is_foreign = origin is not None and urlsplit(origin.decode("latin-1")).netloc != host
    except ValueError:  # brackets that hold no address
        name, is_foreign = "", True
    if is_foreign or not access.is_loopback(name):
        raise PermissionDeniedError(
            "this service answers programs on its own machine, not pages of other sites: "
            "call it as 127.0.0.1 or localhost"
        )


async def _refuse(request: Request, error: CellgebraError) -> Response:
    """The answer to who may not: of the Open Inference Protocol as it has errors."""
    accepts = request.headers.get("accept", "")
    if error.code == "UNAUTHENTICATED" and request.method == "GET" and "text/html" in accepts:
        return RedirectResponse(login.login_path(request.url.path), HTTPStatus.SEE_OTHER)
    told = await answer_error(request, error)
    if not request.url.path.startswith("/v2"):
        return told
    kept = {"www-authenticate", "retry-after"}
    headers = {name: value for name, value in told.headers.items() if name in kept}
    return JSONResponse({"error": problem_text(error)}, told.status_code, headers)


async def authenticate(request: Request) -> Caller:
    """The caller of a request; a dependency of every route.

    Raises:
        PermissionDeniedError: the key does not allow what the route does.
    """
    operation = getattr(request.scope["route"], "operation_id", None) or ""
    request.state.operation = operation
    request.state.resource = next(reversed(request.path_params.values()), "")
    caller: Caller | None = request.state.caller
    if caller is None and OPERATIONS.get(operation, "") is None:
        return Caller("", "")
    return allowed(caller, operation)


def allowed(caller: Caller | None, operation: str) -> Caller:
    """The caller, who may do it.

    Raises:
        UnauthenticatedError: nobody was told.
        PermissionDeniedError: the key does not allow it.
    """
    if caller is None:
        raise UnauthenticatedError("send an API key")
    require_scope(caller, operation)
    return caller


CallerDep = Annotated[Caller, Depends(authenticate)]
