"""AuditService: a conversion, a handler and a conversion."""

from typing import Any

import grpc
from pydantic import AwareDatetime

from service.contract.audit import AuditEvent
from service.handlers import audit
from service.handlers.context import Context
from service.rpc.arguments import PageArguments
from service.rpc.callers import caller_of
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import audit_pb2, audit_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class _ListArguments(PageArguments):
    actor: str | None = None
    operation: str | None = None
    result: str | None = None
    since: AwareDatetime | None = None


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Serves the audit log."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def ListAuditEvents(  # noqa: N802
        self, request: audit_pb2.ListAuditEventsRequest, call: Call
    ) -> audit_pb2.ListAuditEventsResponse:
        asked, caller = parsed(_ListArguments, request), caller_of(call)
        found = await self._context.threads.run(
            audit.list_events,
            self._context,
            caller,
            asked.page,
            actor=asked.actor,
            operation=asked.operation,
            result=asked.result,
            since=asked.since,
        )
        return audit_pb2.ListAuditEventsResponse(
            audit_events=[_message(event) for event in found.items],
            next_page_token=found.next_page_token or "",
        )


def _message(event: AuditEvent) -> audit_pb2.AuditEvent:
    return write_message(audit_pb2.AuditEvent(), event.model_dump())
