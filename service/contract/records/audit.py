"""Rows of the audit log."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, synonym

from service.contract.database import Base
from service.contract.records.owned import Id, Owned


class AuditEventRecord(Owned, Base):
    """A change or a refusal; `created_by` is who asked for it."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_page", "project_id", "create_time", "id"),
        Index("ix_audit_events_time", "create_time"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    door: Mapped[str] = mapped_column(String(10))
    operation: Mapped[str] = mapped_column(String(100))
    resource_id: Mapped[str] = mapped_column(String(300))
    address: Mapped[str] = mapped_column(String(100))
    result: Mapped[str] = mapped_column(String(30))
    trace_id: Mapped[str] = mapped_column(Id)
    event_count: Mapped[int]
    actor: Mapped[str] = synonym("created_by")
