"""Rows of API keys."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base, JsonType, UtcDateTime
from service.contract.records.owned import Id, Owned


class ApiKeyRecord(Owned, Base):
    """A key; `previous_sha256` is of its secret before a rotation, and holds until then."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_page", "project_id", "create_time", "id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(JsonType)
    sha256: Mapped[str] = mapped_column(String(64))
    previous_sha256: Mapped[str | None] = mapped_column(String(64))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expire_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoke_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_use_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
