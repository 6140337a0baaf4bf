"""What every row says: who it belongs to, and who made it, when."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import UtcDateTime, utc_now
from service.contract.tracing import current_span, current_trace

Id = String(64)


class Traced:
    """The request that it was made for, as log lines and traces name it."""

    trace_id: Mapped[str | None] = mapped_column(Id, default=current_trace)
    span_id: Mapped[str | None] = mapped_column(String(16), default=current_span)


class Owned:
    """Who it belongs to and who made it, when."""

    project_id: Mapped[str] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
