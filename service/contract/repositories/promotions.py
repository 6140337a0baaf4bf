"""All SQL of promotions: begun, loaded by every worker, and then announced, or failed.

An alias never means a model that a live inference worker has not loaded. It switches a moment after
every one has (`ANNOUNCED_AHEAD`), so that every front end knows before it happens.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.errors import (
    CellgebraError,
    DeadlineExceededError,
    FailedPreconditionError,
    NotFoundError,
)
from service.contract.jobs import Queue
from service.contract.records import (
    ModelAliasRecord,
    ModelRecord,
    PromotionLoadRecord,
    PromotionRecord,
)
from service.contract.registry import ANNOUNCED_AHEAD, PromotionState
from service.contract.repositories import workers
from service.contract.repositories.aliases import lock_or_add_alias, target_id
from service.contract.repositories.jobs import Owner, new_id
from service.contract.repositories.models import get_model
from service.contract.repositories.paging import Page, fetch_page

PENDING = PromotionState.PENDING.value


def begin_promotion(
    session: Session,
    owner: Owner,
    model_id: str,
    alias_name: str,
    *,
    note: str,
    figures: Callable[[Mapping[str, Any]], Any],
    timeout_seconds: float,
) -> PromotionRecord:
    """Have an alias of the model's name mean it, once it is loaded.

    What it means already, or is about to, is no new promotion: the one that made it so is given.
    `figures` are taken from the reports of both models, as they are now.

    Raises:
        NotFoundError: this project has no such model.
        FailedPreconditionError: another promotion of the alias is under way, or the model is
            archived.
    """
    name = get_model(session, owner.project_id, model_id).name
    alias = lock_or_add_alias(session, owner, name, alias_name)
    model = get_model(session, owner.project_id, model_id, lock=True)
    if alias.pending_model_id == model.id:
        return get_promotion(session, owner.project_id, str(alias.promotion_id))
    if alias.pending_model_id is None and alias.model_id == model.id:
        return last_success(session, alias)
    _require_free(alias)
    if model.archive_time is not None:
        raise FailedPreconditionError(f"model {model.id} is archived: unarchive it first")
    from_id = target_id(alias, utc_now())
    before = None if from_id is None else get_model(session, owner.project_id, from_id)
    promotion = PromotionRecord(
        id=new_id("promotion"),
        project_id=owner.project_id,
        created_by=owner.created_by,
        name=name,
        alias=alias_name,
        state=PENDING,
        from_model_id=from_id,
        from_version=None if before is None else before.version,
        to_model_id=model.id,
        to_version=model.version,
        figures={
            "from": [] if before is None else figures(before.report),
            "to": figures(model.report),
        },
        note=note,
        expire_time=utc_now() + timedelta(seconds=timeout_seconds),
    )
    session.add(promotion)
    alias.pending_model_id = model.id
    alias.promotion_id = promotion.id
    session.flush()
    return promotion


def _require_free(alias: ModelAliasRecord) -> None:
    if alias.pending_model_id is not None or utc_now() < alias.switch_time:
        raise FailedPreconditionError(
            f"promotion {alias.promotion_id} of {alias.name}@{alias.alias} is under way: wait for "
            "its end, which takes seconds"
        )


def last_success(session: Session, alias: ModelAliasRecord) -> PromotionRecord:
    """The promotion that has made an alias mean what it means.

    Raises:
        NotFoundError: the alias means nothing yet.
    """
    promotion = session.scalar(
        select(PromotionRecord)
        .where(
            PromotionRecord.project_id == alias.project_id,
            PromotionRecord.name == alias.name,
            PromotionRecord.alias == alias.alias,
            PromotionRecord.state == PromotionState.SUCCEEDED,
            PromotionRecord.to_model_id == alias.model_id,
        )
        .order_by(PromotionRecord.create_time.desc(), PromotionRecord.id.desc())
        .limit(1)
    )
    if promotion is None:
        raise NotFoundError(f"{alias.name}@{alias.alias} means no model yet")
    return promotion


def get_promotion(session: Session, project_id: str, promotion_id: str) -> PromotionRecord:
    """Read a promotion.

    Raises:
        NotFoundError: this project has no such promotion.
    """
    promotion = session.get(PromotionRecord, promotion_id)
    if promotion is None or promotion.project_id != project_id:
        raise NotFoundError(f"no promotion {promotion_id}")
    return promotion


def list_promotions(
    session: Session,
    project_id: str,
    *,
    name: str | None = None,
    alias: str | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[PromotionRecord]:
    """One page of promotions, newest first."""
    query = select(PromotionRecord).where(PromotionRecord.project_id == project_id)
    if name is not None:
        query = query.where(PromotionRecord.name == name)
    if alias is not None:
        query = query.where(PromotionRecord.alias == alias)
    return fetch_page(
        session,
        query,
        PromotionRecord.create_time,
        PromotionRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def list_pending(session: Session) -> Sequence[str]:
    """Ids of promotions that have not ended, of every project."""
    return session.scalars(select(PromotionRecord.id).where(PromotionRecord.state == PENDING)).all()


def list_unloaded(
    session: Session, worker_id: str
) -> Sequence[tuple[PromotionRecord, ModelRecord]]:
    """Promotions that have not ended and of which a worker has said nothing, with their models."""
    told = select(PromotionLoadRecord.promotion_id).where(
        PromotionLoadRecord.worker_id == worker_id
    )
    rows = session.execute(
        select(PromotionRecord, ModelRecord)
        .join(ModelRecord, ModelRecord.id == PromotionRecord.to_model_id)
        .where(PromotionRecord.state == PENDING, PromotionRecord.id.not_in(told))
    )
    return [(promotion, model) for promotion, model in rows]


def tell_load(
    session: Session, promotion_id: str, worker_id: str, error: Mapping[str, Any] | None
) -> None:
    """Note that a worker has loaded the model of a promotion, or why it could not."""
    if session.get(PromotionRecord, promotion_id) is None:
        return
    session.merge(
        PromotionLoadRecord(
            promotion_id=promotion_id,
            worker_id=worker_id,
            project_id=workers.SYSTEM,
            created_by=workers.SYSTEM,
            error=None if error is None else dict(error),
        )
    )
    session.flush()


def settle_promotion(session: Session, promotion_id: str, stale_seconds: float) -> None:
    """End a promotion if it is time; called as often as anybody likes.

    It is time when all live inference workers have loaded the model, when one could not, and when
    it has taken too long.
    """
    promotion = session.scalar(
        select(PromotionRecord).where(PromotionRecord.id == promotion_id).with_for_update()
    )
    if promotion is None or promotion.state != PENDING:
        return
    loads = session.scalars(
        select(PromotionLoadRecord).where(PromotionLoadRecord.promotion_id == promotion_id)
    ).all()
    failed = next((load for load in loads if load.error is not None), None)
    live = workers.live_workers(session, Queue.INFERENCE, stale_seconds)
    loaded = {load.worker_id for load in loads}
    if failed is not None:
        fail_promotion(session, promotion, failed.error or {})
    elif live and live <= loaded:
        announce_promotion(session, promotion)
    elif utc_now() >= promotion.expire_time:
        fail_promotion(session, promotion, _too_late(len(live), len(live & loaded)).as_problem())


def _too_late(live_count: int, loaded_count: int) -> CellgebraError:
    return DeadlineExceededError(
        f"{loaded_count} of {live_count} live inference workers had loaded the model when the time "
        "was over (CELLGEBRA_PROMOTION_TIMEOUT_SECONDS); the alias means what it meant"
    )


def announce_promotion(session: Session, promotion: PromotionRecord) -> None:
    """Have the alias switch in a moment; at once where it meant nothing before."""
    alias = _alias_of(session, promotion)
    now = utc_now()
    switch_time = now if promotion.from_model_id is None else now + ANNOUNCED_AHEAD
    if alias is not None:
        alias.previous_model_id = promotion.from_model_id
        alias.model_id = promotion.to_model_id
        alias.switch_time = switch_time
        alias.pending_model_id = None
    promotion.state = PromotionState.SUCCEEDED.value
    promotion.end_time = switch_time
    _forget_loads(session, promotion)


def fail_promotion(session: Session, promotion: PromotionRecord, error: Mapping[str, Any]) -> None:
    """End a promotion with an error; the alias means what it meant."""
    alias = _alias_of(session, promotion)
    if alias is not None:
        alias.pending_model_id = None
    promotion.state = PromotionState.FAILED.value
    promotion.end_time = utc_now()
    promotion.error = dict(error)
    _forget_loads(session, promotion)


def _alias_of(session: Session, promotion: PromotionRecord) -> ModelAliasRecord | None:
    return session.scalar(
        select(ModelAliasRecord)
        .where(ModelAliasRecord.promotion_id == promotion.id)
        .with_for_update()
    )


def _forget_loads(session: Session, promotion: PromotionRecord) -> None:
    session.execute(
        delete(PromotionLoadRecord).where(PromotionLoadRecord.promotion_id == promotion.id)
    )
    session.flush()
