# Generated from service/client/aio/paging.py by `make client`. Change that file.
"""Lists, page after page, as one iterator."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from service.client.transport import Transport
from service.contract.resources import ListAnswer

R = TypeVar("R", bound=BaseModel)

_PAGE_SIZE = 200


def pages(
    transport: Transport, path: str, kind: type[R], parameters: Mapping[str, Any]
) -> Iterator[R]:
    """Every item of a list, newest first; a page is asked for when it is needed."""
    token: str | None = None
    while True:
        answer = transport.get(path, {**parameters, "page_size": _PAGE_SIZE, "page_token": token})
        page = ListAnswer[kind].model_validate(answer)  # type: ignore[valid-type]
        yield from page.items
        token = page.next_page_token
        if token is None:
            return
