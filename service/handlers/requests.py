"""What creates have in common: idempotency, the doorbell, and pages."""

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobKind
from service.contract.repositories.jobs import mark_dispatched
from service.contract.repositories.paging import DEFAULT_PAGE_SIZE
from service.contract.repositories.requests import Request
from service.handlers.context import Context

logger = logging.getLogger(__name__)

_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # as JSON spells it, not after an escaped backslash


@dataclass(frozen=True)
class PageRequest:
    """Which page of a list; doors bound `size` by `MAX_PAGE_SIZE`."""

    size: int = DEFAULT_PAGE_SIZE
    token: str | None = None


def request_of(request_id: str | None, body: Any) -> Request:  # noqa: ANN401 - any JSON
    """Name an idempotent create by its id and the hash of what it asks for.

    Raises:
        InvalidArgumentError: the body holds what PostgreSQL's JSON cannot: NUL, half of a
            surrogate pair, or infinity.
    """
    try:
        text = json.dumps(
            body, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
        )
        content = text.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError("no text may hold half of a surrogate pair") from None
    except ValueError:
        raise InvalidArgumentError("every number has to be finite") from None
    if _NUL.search(text):
        raise InvalidArgumentError("no text may hold the character NUL")
    return Request(request_id, hashlib.sha256(content).hexdigest())


def require_storable(text: str) -> None:
    """Check that a text can be stored.

    Raises:
        InvalidArgumentError: it holds what PostgreSQL cannot: NUL, or half of a surrogate pair.
    """
    request_of(None, text)


def ring(context: Context, job_id: str, kind: JobKind) -> None:
    """Tell the workers of a committed job; if nobody hears it, the scheduler rings again."""
    if not context.dispatcher.ring(job_id, kind):
        return
    try:
        with context.database.write() as session:
            mark_dispatched(session, job_id)
    except SQLAlchemyError:  # the job is there and was rung for: no reason to fail its create
        logger.warning("could not note that job %s was dispatched", job_id, exc_info=True)
