"""What every row says: who it belongs to, and who made it, when."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import UtcDateTime, utc_now

Id = String(64)


class Owned:
    """Who it belongs to and who made it, when."""

    project_id: Mapped[str] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
