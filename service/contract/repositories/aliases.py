"""All SQL of aliases: what they mean at a moment, and what means a model."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.records import ModelAliasRecord, ModelRecord
from service.contract.registry import parse_reference
from service.contract.repositories.jobs import Owner, new_id
from service.contract.repositories.models import get_model, get_version
from service.contract.repositories.paging import Page, fetch_page


@dataclass(frozen=True)
class Meaning:
    """What a reference means: `model`, from `switch_time` on; before that, `previous`."""

    model: ModelRecord
    previous: ModelRecord | None = None
    switch_time: datetime | None = None

    def at(self, now: datetime) -> ModelRecord | None:
        """The model that is meant now; None where an alias means none yet, by this clock."""
        is_switched = self.switch_time is None or now >= self.switch_time
        return self.model if is_switched else self.previous


def target_id(alias: ModelAliasRecord, now: datetime) -> str | None:
    """Id of the model that an alias means now."""
    return alias.model_id if now >= alias.switch_time else alias.previous_model_id


def find_meaning(session: Session, project_id: str, reference: str) -> Meaning:
    """What an id, `name@version` or `name@alias` means.

    Raises:
        InvalidArgumentError: it is none of these.
        NotFoundError: this project has no such model, or alias, or the alias means none yet.
    """
    asked = parse_reference(reference)
    if asked.model_id is not None:
        return Meaning(get_model(session, project_id, asked.model_id))
    if asked.version is not None:
        return Meaning(get_version(session, project_id, asked.name, asked.version))
    alias = get_alias(session, project_id, reference)
    if alias.model_id is None:
        raise NotFoundError(nothing_meant(reference))
    ids = [alias.model_id, alias.previous_model_id or alias.model_id]
    rows = session.scalars(select(ModelRecord).where(ModelRecord.id.in_(ids)))
    models: dict[str | None, ModelRecord] = {row.id: row for row in rows}
    previous = models.get(alias.previous_model_id)
    return Meaning(models[alias.model_id], previous, alias.switch_time)


def find_model(session: Session, project_id: str, reference: str) -> ModelRecord:
    """The model that a reference means now.

    Raises:
        InvalidArgumentError: it is no id, `name@version` or `name@alias`.
        NotFoundError: this project has no such model, or the alias means none yet.
    """
    model = find_meaning(session, project_id, reference).at(utc_now())
    if model is None:
        raise NotFoundError(nothing_meant(reference))
    return model


def nothing_meant(reference: str) -> str:
    """What is said of an alias whose first promotion has not ended."""
    return f"{reference} means no model yet: its first promotion has not succeeded"


def get_alias(
    session: Session, project_id: str, reference: str, *, lock: bool = False
) -> ModelAliasRecord:
    """Read an alias by `name@alias`, locked until the transaction ends if asked.

    Raises:
        InvalidArgumentError: it is no reference.
        NotFoundError: this project has no such alias.
    """
    asked = parse_reference(reference)
    query = select(ModelAliasRecord).where(
        ModelAliasRecord.project_id == project_id,
        ModelAliasRecord.name == asked.name,
        ModelAliasRecord.alias == asked.alias,
    )
    alias = session.scalar(query.with_for_update() if lock else query)
    if alias is None:
        raise NotFoundError(f"no alias {reference}")
    return alias


def lock_or_add_alias(session: Session, owner: Owner, name: str, alias: str) -> ModelAliasRecord:
    """The alias of a name, locked; a new one means nothing yet."""
    added = ModelAliasRecord(
        id=new_id("alias"),
        project_id=owner.project_id,
        created_by=owner.created_by,
        name=name,
        alias=alias,
        switch_time=utc_now(),
    )
    reference = f"{name}@{alias}"
    try:
        return get_alias(session, owner.project_id, reference, lock=True)
    except NotFoundError:
        pass
    try:
        with session.begin_nested():
            session.add(added)
    except IntegrityError:  # a parallel promotion was the first
        return get_alias(session, owner.project_id, reference, lock=True)
    return added


def list_aliases(
    session: Session,
    project_id: str,
    *,
    name: str | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[ModelAliasRecord]:
    """One page of aliases, newest first."""
    query = select(ModelAliasRecord).where(ModelAliasRecord.project_id == project_id)
    if name is not None:
        query = query.where(ModelAliasRecord.name == name)
    return fetch_page(
        session,
        query,
        ModelAliasRecord.create_time,
        ModelAliasRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def aliases_of(session: Session, model_ids: Sequence[str]) -> dict[str, list[str]]:
    """Aliases that mean each of the models now."""
    now = utc_now()
    found: dict[str, list[str]] = defaultdict(list)
    query = select(ModelAliasRecord).where(
        or_(
            ModelAliasRecord.model_id.in_(model_ids),
            ModelAliasRecord.previous_model_id.in_(model_ids),
        )
    )
    for alias in session.scalars(query.order_by(ModelAliasRecord.alias)):
        target = target_id(alias, now)
        if target is not None:
            found[target].append(alias.alias)
    return found


def list_meant(session: Session, limit: int) -> Sequence[ModelRecord]:
    """Models that aliases mean, of every project, those of the latest promotions first."""
    query = (
        select(ModelRecord)
        .join(ModelAliasRecord, ModelAliasRecord.model_id == ModelRecord.id)
        .order_by(ModelAliasRecord.switch_time.desc())
    )
    return session.scalars(query.limit(limit)).unique().all()


def versions_of(session: Session, model_ids: Sequence[str]) -> dict[str, int]:
    """Version of each of the models that are there."""
    query = select(ModelRecord.id, ModelRecord.version).where(ModelRecord.id.in_(model_ids))
    return {row.id: row.version for row in session.execute(query)}


def require_unaliased(session: Session, model: ModelRecord, done: str) -> None:
    """Check that no alias means a locked model, nor is about to.

    Raises:
        FailedPreconditionError: one does.
    """
    now = utc_now()
    query = select(ModelAliasRecord).where(
        ModelAliasRecord.project_id == model.project_id, ModelAliasRecord.name == model.name
    )
    for alias in session.scalars(query):
        if model.id in (alias.model_id, alias.pending_model_id, target_id(alias, now)):
            raise FailedPreconditionError(
                f"{model.name}@{alias.alias} means model {model.id}, or is about to: promote "
                f"another to it, or remove the alias, before this one is {done}"
            )


def delete_alias(session: Session, alias: ModelAliasRecord) -> None:
    """Delete a locked alias.

    Raises:
        FailedPreconditionError: a promotion of it is under way.
    """
    if alias.pending_model_id is not None:
        raise FailedPreconditionError(
            f"promotion {alias.promotion_id} of {alias.name}@{alias.alias} is under way: wait"
        )
    session.execute(delete(ModelAliasRecord).where(ModelAliasRecord.id == alias.id))
