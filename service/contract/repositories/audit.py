"""All SQL of the audit log: rows are added, read, and forgotten when they are old."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.records import AuditEventRecord
from service.contract.repositories.paging import Page, fetch_page

_INSERT: Mapping[str, Callable[..., postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def add_events(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Write events, by their columns; those that are there stay: a commit may have been made."""
    insert = _INSERT[session.get_bind().dialect.name]
    session.execute(insert(AuditEventRecord).on_conflict_do_nothing(), events)


def list_events(
    session: Session,
    project_id: str,
    *,
    actor: str | None = None,
    operation: str | None = None,
    result: str | None = None,
    since: datetime | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[AuditEventRecord]:
    """One page of the events of a project, newest first."""
    row = AuditEventRecord
    query = select(row).where(row.project_id == project_id)
    for column, value in (
        (row.created_by, actor),
        (row.operation, operation),
        (row.result, result),
    ):
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(row.create_time >= since)
    return fetch_page(
        session, query, row.create_time, row.id, page_size=page_size, page_token=page_token
    )


def forget_old(session: Session, days: int) -> int:
    """Remove events older than that; returns how many."""
    old = delete(AuditEventRecord).where(
        AuditEventRecord.create_time < utc_now() - timedelta(days=days)
    )
    return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]
