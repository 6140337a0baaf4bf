"""All SQL of API keys. Their rows stay: who has made a key never gets an open service back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from service.contract.api_keys import ApiKeyRequest, hash_of, new_key_id, new_secret
from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from service.contract.records import ApiKeyRecord
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page, fetch_page


def create_key(session: Session, owner: Owner, request: ApiKeyRequest) -> tuple[ApiKeyRecord, str]:
    """Make a key; its secret is in no row, and is given this once.

    Raises:
        InvalidArgumentError: it would have expired already.
    """
    if request.expire_time is not None and request.expire_time <= utc_now():
        raise InvalidArgumentError("expire_time: has to be in the future")
    key_id = new_key_id()
    secret = new_secret(key_id)
    row = ApiKeyRecord(
        id=key_id,
        project_id=owner.project_id,
        created_by=owner.created_by,
        create_time=utc_now(),
        name=request.name,
        scopes=sorted({scope.value for scope in request.scopes}),
        sha256=hash_of(secret),
        expire_time=request.expire_time,
    )
    session.add(row)
    session.flush()
    return row, secret


def get_key(session: Session, project_id: str, key_id: str, *, lock: bool = False) -> ApiKeyRecord:
    """Read a key; with `lock` nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: this project has no such key.
    """
    row = session.get(ApiKeyRecord, key_id, with_for_update=lock)
    if row is None or row.project_id != project_id:
        raise NotFoundError(f"no API key {key_id}")
    return row


def list_keys(
    session: Session, project_id: str, *, page_size: int, page_token: str | None
) -> Page[ApiKeyRecord]:
    """One page of keys, newest first."""
    return fetch_page(
        session,
        select(ApiKeyRecord).where(ApiKeyRecord.project_id == project_id),
        ApiKeyRecord.create_time,
        ApiKeyRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def revoke_key(session: Session, project_id: str, key_id: str) -> ApiKeyRecord:
    """End a key for good; twice is once.

    Raises:
        NotFoundError: this project has no such key.
    """
    row = get_key(session, project_id, key_id)
    row.revoke_time = row.revoke_time or utc_now()
    return row


def rotate_key(
    session: Session, project_id: str, key_id: str, *, keep_old_seconds: int
) -> tuple[ApiKeyRecord, str]:
    """Give a key another secret; the one of before holds for a while, that of before it no more.

    Raises:
        NotFoundError: this project has no such key.
        FailedPreconditionError: it was revoked, or has expired.
    """
    row = get_key(session, project_id, key_id, lock=True)
    now = utc_now()
    if row.revoke_time is not None or (row.expire_time is not None and row.expire_time <= now):
        raise FailedPreconditionError(f"{key_id} was revoked or has expired: make another key")
    secret = new_secret(key_id)
    row.previous_sha256, row.sha256 = row.sha256, hash_of(secret)
    row.previous_until = now + timedelta(seconds=keep_old_seconds)
    return row, secret


def has_keys(session: Session) -> bool:
    """Whether a key was ever made, in any project."""
    return session.scalar(select(ApiKeyRecord.id).limit(1)) is not None


def list_all_keys(session: Session) -> Sequence[ApiKeyRecord]:
    """Every key of every project, for the doors."""
    return session.scalars(select(ApiKeyRecord)).all()


def note_uses(session: Session, uses: Mapping[str, datetime]) -> None:
    """Write when keys were used last, in one order: else two processes lock each other out."""
    for key_id, time in sorted(uses.items()):
        last = ApiKeyRecord.last_use_time
        session.execute(
            update(ApiKeyRecord)
            .where(ApiKeyRecord.id == key_id, or_(last.is_(None), last < time))
            .values(last_use_time=time)
        )
