"""All SQL of totals: what has happened in the deployment, counted in the transaction that did it.

So that the counts are exact, outlive every process, and are the same whoever is asked.
"""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.contract.records import TotalRecord

LEASE_EXPIRIES = "lease_expiries"
SHARD = "shard"  # the subject beside the kinds of jobs

_SYSTEM = "system"


def count(session: Session, name: str, subject: str) -> None:
    """Count one more; last in a transaction, since others who count the same wait for its end."""
    if _add(session, name, subject):
        return
    row = TotalRecord(name=name, subject=subject, count=1, project_id=_SYSTEM, created_by=_SYSTEM)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # another was the first
        _add(session, name, subject)


def _add(session: Session, name: str, subject: str) -> bool:
    found = session.execute(
        update(TotalRecord)
        .where(TotalRecord.name == name, TotalRecord.subject == subject)
        .values(count=TotalRecord.count + 1)
        .returning(TotalRecord.name)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return found is not None


def totals_of(session: Session, name: str) -> dict[str, int]:
    """The counts of a name, by subject."""
    rows = session.execute(
        select(TotalRecord.subject, TotalRecord.count).where(TotalRecord.name == name)
    )
    return {subject: int(number) for subject, number in rows}
