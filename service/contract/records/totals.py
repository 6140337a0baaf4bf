"""Rows of what the deployment counts."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base
from service.contract.records.owned import Owned


class TotalRecord(Owned, Base):
    """How often something has happened, by what it happened to; it only grows."""

    __tablename__ = "totals"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    subject: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
