"""Route of the audit log, for admins."""

import re
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BeforeValidator

from service.contract.audit import AuditEvent
from service.contract.resources import ListAnswer
from service.handlers import audit
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1/audit", tags=["keys"])


def _written_out(value: object) -> object:
    """Refuse a bare number, which pydantic would take for seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("has to be a date and a time, as 2026-11-30T12:00:00Z")
    return value


Since = Annotated[AwareDatetime | None, BeforeValidator(_written_out)]


@router.get(
    "", operation_id="listAuditEvents", summary="Read the audit log", responses=problems(422)
)
async def list_events(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    *,
    actor: Annotated[str | None, Query(description="Of this key alone, by its id")] = None,
    operation: Annotated[str | None, Query(description="Of this operation alone")] = None,
    result: Annotated[str | None, Query(description="OK, or the code of an error")] = None,
    since: Annotated[Since, Query(description="Not before this time")] = None,
) -> ListAnswer[AuditEvent]:
    """Changes, and refused keys, of this project, newest first."""
    return await context.threads.run(
        audit.list_events,
        context,
        caller,
        page,
        actor=actor,
        operation=operation,
        result=result,
        since=since,
    )
