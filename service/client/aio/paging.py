"""Lists, page after page, as one iterator."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from service.client.aio.transport import AsyncTransport
from service.contract.resources import ListAnswer

R = TypeVar("R", bound=BaseModel)

_PAGE_SIZE = 200


async def pages(
    transport: AsyncTransport, path: str, kind: type[R], parameters: Mapping[str, Any]
) -> AsyncIterator[R]:
    """Every item of a list, newest first; a page is asked for when it is needed."""
    token: str | None = None
    while True:
        answer = await transport.get(
            path, {**parameters, "page_size": _PAGE_SIZE, "page_token": token}
        )
        page = ListAnswer[kind].model_validate(answer)  # type: ignore[valid-type]
        for item in page.items:
            yield item
        token = page.next_page_token
        if token is None:
            return
