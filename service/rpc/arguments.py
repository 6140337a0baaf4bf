"""What requests of several services have in common: pages, uploads, deletions."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from service.contract.repositories.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from service.handlers.requests import PageRequest
from service.handlers.uploads import SHA256_PATTERN, Upload

_LEAST_SECONDS = 1e-3  # of a call whose deadline has come: timeouts are above 0


class PageArguments(BaseModel):
    """Which page of a list."""

    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    page_token: str | None = None

    @property
    def page(self) -> PageRequest:
        """As handlers take it."""
        return PageRequest(self.page_size, self.page_token)


class CreateArguments(BaseModel):
    """What to make, once however often it is asked for; kinds of requests have a spec each."""

    model_config = ConfigDict(extra="forbid")

    spec: BaseModel
    request_id: UUID | None = None

    @property
    def request_text(self) -> str | None:
        """The id of the request, as handlers take it."""
        return str(self.request_id) if self.request_id else None


class HeaderArguments(CreateArguments):
    """What comes beside the bytes of an upload; kinds of uploads add their spec and a name."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    size_bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Annotated[str, Field(pattern=SHA256_PATTERN)] | None = None

    @property
    def upload(self) -> Upload:
        """As handlers take it."""
        return Upload(
            name=self.name,
            spec=self.spec,
            size_bytes=self.size_bytes,
            sha256=self.sha256,
            request_id=self.request_text,
        )


def sooner(timeout_seconds: float, seconds_left: float | None) -> float:
    """What a call may take: its own timeout, or what is left until its deadline; more than 0."""
    if seconds_left is None:
        return timeout_seconds
    return min(timeout_seconds, max(seconds_left, _LEAST_SECONDS))
