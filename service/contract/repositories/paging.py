"""Pages by key: newest first, an opaque token names the last row seen."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.contract.errors import InvalidArgumentError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

R = TypeVar("R")


@dataclass(frozen=True)
class Page(Generic[R]):
    """Rows and the token of the next page (None: this was the last)."""

    rows: Sequence[R]
    next_page_token: str | None


def fetch_page(
    session: Session,
    query: Select[R],
    time: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[str],
    *,
    page_size: int,
    page_token: str | None,
) -> Page[R]:
    """Run one page of `query`, ordered by (time, key) falling.

    Raises:
        InvalidArgumentError: the token is not one of ours.
    """
    if page_token:
        last_time, last_key = _decode(page_token)
        query = query.where(or_(time < last_time, and_(time == last_time, key < last_key)))
    rows = session.scalars(query.order_by(time.desc(), key.desc()).limit(page_size + 1)).all()
    if len(rows) <= page_size:
        return Page(rows, None)
    last = rows[page_size - 1]
    return Page(rows[:page_size], _encode(getattr(last, time.key), getattr(last, key.key)))


def _encode(time: datetime, key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([time.isoformat(), key]).encode()).decode()


def _decode(token: str) -> tuple[datetime, str]:
    try:
        time, key = json.loads(base64.urlsafe_b64decode(token.encode()))
        return datetime.fromisoformat(time).astimezone(UTC), _text(key)
    except (ValueError, TypeError, OverflowError, RecursionError):  # whatever a stranger encoded
        raise InvalidArgumentError(
            "page_token is not one that this service gave; leave it out to start from the newest"
        ) from None


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON held
    if not isinstance(value, str) or not value.isascii() or "\0" in value:
        raise TypeError
    return value
