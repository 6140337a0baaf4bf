"""The audit log of a project: read it."""

from datetime import datetime

from service.contract.audit import AuditEvent
from service.contract.repositories import audit
from service.contract.resources import ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.requests import PageRequest, require_storable


def list_events(
    context: Context,
    caller: Caller,
    page: PageRequest,
    *,
    actor: str | None = None,
    operation: str | None = None,
    result: str | None = None,
    since: datetime | None = None,
) -> ListAnswer[AuditEvent]:
    """One page of events, newest first.

    Raises:
        InvalidArgumentError: a filter holds what no text of a database can, or the token is not
            one of ours.
    """
    require_storable(f"{actor}{operation}{result}")
    with context.database.read() as session:
        found = audit.list_events(
            session,
            caller.project_id,
            actor=actor,
            operation=operation,
            result=result,
            since=since,
            page_size=page.size,
            page_token=page.token,
        )
        items = [AuditEvent.model_validate(row) for row in found.rows]
    return ListAnswer(items=items, next_page_token=found.next_page_token)
