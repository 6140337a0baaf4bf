"""Creates that are made once: a request that comes twice finds what the first one made."""

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.contract.errors import ConflictError
from service.contract.records import JobRecord, SweepRecord

R = TypeVar("R", JobRecord, SweepRecord)


@dataclass(frozen=True)
class Request:
    """An idempotent create: the caller's id and the hash of what was asked."""

    id: str | None
    sha256: str


def find_made(
    session: Session, record: type[R], request: Request, *among: ColumnElement[bool]
) -> R | None:
    """What an earlier request with this id made, among the rows of a project.

    Raises:
        ConflictError: it asked for something else.
    """
    if request.id is None:
        return None
    made = session.scalar(select(record).where(record.request_id == request.id, *among))
    if made is not None and made.request_sha256 != request.sha256:
        raise ConflictError(
            f"request_id {request.id} was used before with another body; "
            "send a fresh request_id for a new request"
        )
    return made


def add_once(
    session: Session, row: R, request: Request, *among: ColumnElement[bool]
) -> tuple[R, bool]:
    """Add a row; where a parallel post of the same request won, give that one's row and False.

    Raises:
        ConflictError: the request id was used with another body.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        winner = find_made(session, type(row), request, *among)
        if winner is None:
            raise
        return winner, False
    return row, True
