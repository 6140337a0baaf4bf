"""Parameters and responses that routes share."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from service.contract.errors import InvalidRequestError
from service.contract.repositories.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from service.handlers.context import Context
from service.handlers.requests import PageRequest
from service.rest.problems import PROBLEM_RESPONSE


async def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


async def _page(
    page_size: Annotated[
        int, Query(ge=1, le=MAX_PAGE_SIZE, description="Most items to return")
    ] = DEFAULT_PAGE_SIZE,
    page_token: Annotated[
        str | None, Query(description="`next_page_token` of the page before")
    ] = None,
) -> PageRequest:
    return PageRequest(page_size, page_token)


async def _request_id(
    request_id: Annotated[
        UUID | None,
        Query(
            description="A fresh UUID makes the create idempotent: the same id with the same "
            "content gives the first resource, with other content 409"
        ),
    ] = None,
) -> str | None:
    return None if request_id is None else str(request_id)


async def require_text(request: Request) -> None:
    """Refuse the character NUL in a path or query: PostgreSQL's text cannot hold it.

    Raises:
        InvalidRequestError: there is one.
    """
    if b"%00" in request.scope["raw_path"] or b"%00" in request.scope["query_string"]:
        raise InvalidRequestError("the path or the query holds the character NUL (%00)")


ContextDep = Annotated[Context, Depends(_context)]
PageDep = Annotated[PageRequest, Depends(_page)]
RequestIdDep = Annotated[str | None, Depends(_request_id)]

CascadeDep = Annotated[
    bool, Query(alias="cascade", description="Also delete all that depends on it")
]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem responses of a route, for its OpenAPI entry."""
    return dict.fromkeys(statuses, PROBLEM_RESPONSE)
