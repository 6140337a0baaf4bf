"""What creates have in common: idempotency, the doorbell, and pages."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from service.contract.jobs import JobKind
from service.contract.repositories.jobs import Request, mark_dispatched
from service.contract.repositories.paging import DEFAULT_PAGE_SIZE
from service.handlers.context import Context


@dataclass(frozen=True)
class PageRequest:
    """Which page of a list; doors bound `size` by `MAX_PAGE_SIZE`."""

    size: int = DEFAULT_PAGE_SIZE
    token: str | None = None


def request_of(request_id: str | None, body: Any) -> Request:  # noqa: ANN401 - any JSON
    """Name an idempotent create by its id and the hash of what it asks for."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return Request(request_id, hashlib.sha256(text.encode()).hexdigest())


def ring(context: Context, job_id: str, kind: JobKind) -> None:
    """Tell the workers of a committed job; if nobody hears it, the scheduler rings again."""
    if context.dispatcher.ring(job_id, kind):
        with context.database.write() as session:
            mark_dispatched(session, job_id)
