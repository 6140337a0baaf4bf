"""A way in for browsers, which send no header: a page that takes a key into a cookie.

The cookie is the key, for this session of the browser: no script reads it (HttpOnly), no page of
another site sends it (SameSite=Strict), and it opens what is read alone (GET, HEAD), so that no
link and no form changes anything. A revoked key ends it.
"""

import html
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service.contract.errors import InvalidRequestError
from service.handlers.access import admit
from service.rest.parameters import ContextDep

router = APIRouter(include_in_schema=False)

PATH = "/login"
COOKIE = "cellgebra_key"
_COOKIE = COOKIE.encode()
_MAX_FORM_BYTES = 4096
_NO_STORE = {"Cache-Control": "no-store"}

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Cellgebra</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}}
input,button{{font:inherit;padding:.4rem .6rem;width:100%;box-sizing:border-box;margin:.3rem 0}}
</style>
<h1>Cellgebra</h1>
<form method="post" action="/login">
<label for="key">API key (scope read)</label>
<input id="key" name="key" type="password" autocomplete="off" required autofocus>
<input name="next" type="hidden" value="{next}">
<button>Open</button>
</form>
<p>It is kept until this browser is closed, and only reads.</p>
</html>
"""


def key_in_cookies(values: list[bytes]) -> str | None:
    """The key in the cookie headers of a request.

    No library reads them: that of Python takes seconds for a value in quotes of some 10,000 bytes.
    """
    pairs = (pair.partition(b"=") for value in values for pair in value.split(b";"))
    found = (value for name, _, value in pairs if name.strip() == _COOKIE)
    return next((value.strip().decode("latin-1") for value in found), None)


def login_path(path: str) -> str:
    """Where a browser is sent that asks for a page without a key."""
    return f"{PATH}?next={quote(path)}"


@router.get(PATH, operation_id="showLogin")
async def show_login(request: Request) -> Response:
    """The page."""
    target = _local(request.query_params.get("next", "/docs"))
    return HTMLResponse(_PAGE.format(next=html.escape(target, quote=True)), headers=_NO_STORE)


@router.post(PATH, operation_id="login")
async def login(request: Request, context: ContextDep) -> Response:
    """Take a key into the cookie; a wrong one is 401, as everywhere.

    Raises:
        InvalidRequestError: the body is too long to be that of the page.
        UnauthenticatedError: there is no such key.
    """
    form = parse_qs((await _short_body(request)).decode("latin-1"))
    secret = form.get("key", [""])[0].strip()
    address = request.client.host if request.client else ""
    await admit(context, [f"Bearer {secret}"], door="rest", address=address)
    target = _local(form.get("next", ["/docs"])[0])
    answer = RedirectResponse(target, 303, headers=_NO_STORE)
    answer.set_cookie(
        COOKIE, secret, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


@router.post("/logout", operation_id="logout")
async def logout() -> Response:
    """Take the cookie away."""
    answer = RedirectResponse(PATH, 303, headers=_NO_STORE)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _short_body(request: Request) -> bytes:
    """The body, of which no more is kept than a form may have: anybody can send one."""
    body = b""
    async for part in request.stream():
        if len(body) <= _MAX_FORM_BYTES:
            body += part[: _MAX_FORM_BYTES + 1]
    if len(body) > _MAX_FORM_BYTES:
        raise InvalidRequestError("the form is longer than a key")
    return body


def _local(target: str) -> str:
    """A path of this service; whatever else was asked for is its documentation."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isascii() and target.isprintable() else "/docs"
