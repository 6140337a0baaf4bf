"""Aliases and promotions: which model a name means, since when, and by whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.jobs import Queue
from service.contract.records import ModelAliasRecord, ModelRecord, PromotionRecord
from service.contract.registry import (
    ModelAlias,
    PromoteRequest,
    Promotion,
    PromotionState,
    RollbackRequest,
)
from service.contract.repositories import aliases, models, promotions, workers
from service.contract.resources import ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.figures import figures_of
from service.handlers.models import require_loadable
from service.handlers.requests import PageRequest, require_storable


def promote(context: Context, caller: Caller, reference: str, request: PromoteRequest) -> Promotion:
    """Have an alias of a model's name mean the model.

    It is PENDING until every live inference worker has loaded the model, and the alias has switched
    everywhere; where there is no such worker, the stored weights are checked here.

    Raises:
        InvalidArgumentError: the model is called by no id, `name@version` or `name@alias`, or its
            name cannot stand in a path.
        NotFoundError: this project has no such model.
        FailedPreconditionError: another promotion of the alias is under way, or the model is
            archived, or stored in another format.
        BrokenArtifactError: what is stored of the model is missing, or is not what it was.
    """
    require_storable(request.note)
    with context.database.read() as session:
        model = aliases.find_model(session, caller.project_id, reference)
    if "/" in model.name:
        raise InvalidArgumentError(
            f"the name {model.name!r} holds a /, and {model.name}@{request.alias} could not stand "
            "in a path: give the training a name without it"
        )
    return _begin(context, caller, model, request.alias, request.note)


def rollback(
    context: Context, caller: Caller, reference: str, request: RollbackRequest
) -> Promotion:
    """Have an alias mean what it meant before its last promotion; once more goes forward again.

    Raises:
        InvalidArgumentError: it is called by no `name@alias`.
        NotFoundError: this project has no such alias, or the model of that time has been deleted.
        FailedPreconditionError: the alias meant nothing before, or as of `promote`.
        BrokenArtifactError: as of `promote`.
    """
    require_storable(request.note)
    with context.database.read() as session:
        alias = aliases.get_alias(session, caller.project_id, reference)
        last = promotions.last_success(session, alias)
        if last.from_model_id is None:
            raise FailedPreconditionError(f"{reference} meant nothing before its last promotion")
        model = models.get_model(session, caller.project_id, last.from_model_id)
    return _begin(context, caller, model, alias.alias, request.note)


def _begin(
    context: Context, caller: Caller, model: ModelRecord, alias: str, note: str
) -> Promotion:
    stale_seconds = context.settings.worker_stale_seconds
    with context.database.read() as session:
        has_workers = workers.count_live(session, Queue.INFERENCE, stale_seconds) > 0
    if not has_workers:
        require_loadable(context.store, model)

    def figures(report: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [label.model_dump(mode="json") for label in figures_of(report)]

    with context.database.write() as session:
        promotion = promotions.begin_promotion(
            session,
            caller.owner,
            model.id,
            alias,
            note=note,
            figures=figures,
            timeout_seconds=context.settings.promotion_timeout_seconds,
        )
        if not has_workers and promotion.state == PromotionState.PENDING:
            promotions.announce_promotion(session, promotion)
    return to_promotion(promotion)


def get_promotion(context: Context, caller: Caller, promotion_id: str) -> Promotion:
    """Read a promotion.

    Raises:
        NotFoundError: this project has no such promotion.
    """
    with context.database.read() as session:
        return to_promotion(promotions.get_promotion(session, caller.project_id, promotion_id))


def list_promotions(
    context: Context,
    caller: Caller,
    page: PageRequest,
    *,
    name: str | None = None,
    alias: str | None = None,
) -> ListAnswer[Promotion]:
    """One page of promotions, newest first."""
    with context.database.read() as session:
        found = promotions.list_promotions(
            session,
            caller.project_id,
            name=name,
            alias=alias,
            page_size=page.size,
            page_token=page.token,
        )
    items = [to_promotion(row) for row in found.rows]
    return ListAnswer(items=items, next_page_token=found.next_page_token)


def get_alias(context: Context, caller: Caller, reference: str) -> ModelAlias:
    """Read an alias by `name@alias`.

    Raises:
        InvalidArgumentError: it is no reference.
        NotFoundError: this project has no such alias.
    """
    with context.database.read() as session:
        row = aliases.get_alias(session, caller.project_id, reference)
        (alias,) = _to_aliases(session, [row])
    return alias


def list_aliases(
    context: Context, caller: Caller, page: PageRequest, *, name: str | None = None
) -> ListAnswer[ModelAlias]:
    """One page of aliases, newest first."""
    with context.database.read() as session:
        found = aliases.list_aliases(
            session, caller.project_id, name=name, page_size=page.size, page_token=page.token
        )
        items = _to_aliases(session, found.rows)
    return ListAnswer(items=items, next_page_token=found.next_page_token)


async def delete_alias(context: Context, caller: Caller, reference: str) -> None:
    """Remove an alias; the promotions that it had are kept.

    Raises:
        InvalidArgumentError: it is no reference.
        NotFoundError: this project has no such alias.
        FailedPreconditionError: a promotion of it is under way.
    """
    await context.threads.run(_delete_alias, context, caller, reference)
    context.manifests.forget_names()


def _delete_alias(context: Context, caller: Caller, reference: str) -> None:
    with context.database.write() as session:
        alias = aliases.get_alias(session, caller.project_id, reference, lock=True)
        aliases.delete_alias(session, alias)


def _to_aliases(session: Session, rows: Sequence[ModelAliasRecord]) -> list[ModelAlias]:
    now = utc_now()
    targets = {row.id: aliases.target_id(row, now) for row in rows}
    versions = aliases.versions_of(session, [one for one in targets.values() if one is not None])
    return [_to_alias(row, targets[row.id], versions, now) for row in rows]


def _to_alias(
    row: ModelAliasRecord, target: str | None, versions: Mapping[str, int], now: datetime
) -> ModelAlias:
    announced = row.model_id if now < row.switch_time else None
    return ModelAlias(
        name=row.name,
        alias=row.alias,
        model_id=target,
        version=versions.get(target) if target else None,
        pending_model_id=row.pending_model_id or announced,
        promotion_id=row.promotion_id,
        create_time=row.create_time,
    )


def to_promotion(row: PromotionRecord) -> Promotion:
    """A promotion as the API shows it: PENDING until the alias has switched."""
    is_ahead = row.end_time is not None and utc_now() < row.end_time
    return Promotion(
        id=row.id,
        name=row.name,
        alias=row.alias,
        state=PromotionState.PENDING if is_ahead else PromotionState(row.state),
        from_model_id=row.from_model_id,
        from_version=row.from_version,
        to_model_id=row.to_model_id,
        to_version=row.to_version,
        from_figures=row.figures["from"],
        to_figures=row.figures["to"],
        note=row.note,
        created_by=row.created_by,
        create_time=row.create_time,
        end_time=row.end_time,
        error=row.error,
    )
