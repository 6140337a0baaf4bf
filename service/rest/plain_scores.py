"""A short way to scores: most requests of this service are small, and all of one form.

FastAPI's router, dependencies and exit stacks take three times as long as the rest of such a
request. So a plain one (POST, JSON, nothing in the query) is answered before them; any other, and
any body that is not valid, goes on to the documented route, which answers as it always does.
"""

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract.errors import CellgebraError
from service.contract.inference import ScoreRequest
from service.handlers.context import Context
from service.handlers.scoring import score_bytes
from service.rest.access import allowed
from service.rest.disconnects import while_connected
from service.rest.problems import answer_error
from service.rest.score_forms import VENDOR
from service.rest.tracing import ROUTE

_PREFIX, _VERB = "/v1/models/", ":score"
_TEMPLATE = f"{_PREFIX}{{model_id}}{_VERB}"
_JSON, _JSON_UTF8 = b"application/json", b"application/json; charset=utf-8"


class PlainScoreMiddleware:
    """Answers plain score requests."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        model_id = _model_of(scope)
        if model_id is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            caller = allowed(request.state.caller, "score")
            body = await request.body()
            asked = ScoreRequest.model_validate_json(body)
        except ValidationError:
            await self._app(scope, _once_more(body, receive), send)
            return
        except (CellgebraError, ClientDisconnect, HTTPException) as error:
            await (await answer_error(request, error))(scope, receive, send)
            return
        scope[ROUTE] = _TEMPLATE
        try:
            async with while_connected(receive):
                answer = await score_bytes(self._context, caller, model_id, asked)
        except (CellgebraError, ClientDisconnect) as error:
            await (await answer_error(request, error))(scope, receive, send)
            return
        await _send(send, answer)


def _model_of(scope: Scope) -> str | None:
    """The model that a plain score request names; None for any other request."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return None
    path: str = scope["path"]
    if not (path.startswith(_PREFIX) and path.endswith(_VERB)):
        return None
    model_id = path[len(_PREFIX) : -len(_VERB)]
    if not model_id or "/" in model_id or "\0" in model_id:
        return None
    types = []
    for name, value in scope["headers"]:
        if name == b"content-type":
            types.append(value)
        elif name == b"accept" and VENDOR in value.lower():
            return None  # the answer is to be a table
    return model_id if types in ([_JSON], [_JSON_UTF8]) else None


def _once_more(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, for the next one to read."""
    is_read = False

    async def receive_again() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _send(send: Send, answer: bytes) -> None:
    headers = [(b"content-type", _JSON), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
