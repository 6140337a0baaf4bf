"""The registry as far as a front end goes: what a name means, promotions without a worker."""

import asyncio
import os
from datetime import timedelta

import pytest
from sqlalchemy import event, update

from service.contract.database import utc_now
from service.contract.errors import (
    BrokenArtifactError,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnknownEditsError,
)
from service.contract.inference import ScoreRequest
from service.contract.jobs import Queue
from service.contract.records import ModelAliasRecord, PromotionRecord
from service.contract.registry import PromoteRequest, PromotionState, RollbackRequest
from service.contract.repositories import aliases, promotions
from service.contract.repositories.workers import beat
from service.handlers import models, registry, scoring
from service.handlers.context import Context
from service.handlers.requests import PageRequest
from tests.service.rows import add_model

REPORT = {
    "labels": [
        {
            "name": "titer",
            "unit": "mg/L",
            "test_design_count": 40,
            "best_null": "additive",
            "table": [
                {"predictor": "y_intact", "role": "model", "spearman": 0.7, "rmse": 3.0},
                {"predictor": "y_compose", "role": "model", "spearman": 0.6, "rmse": 4.0},
                {"predictor": "additive", "role": "null", "spearman": 0.5, "rmse": 5.0},
            ],
        }
    ]
}


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def versions(context):
    """Ids of two models of one name, with something stored as their weights."""
    return [
        add_model(context, name="titer", weights=b"first", report=REPORT),
        add_model(context, name="titer", weights=b"second"),
    ]


def promote(context, caller, reference, alias="champion"):
    return registry.promote(context, caller, reference, PromoteRequest(alias=alias, note="why"))


def let_it_switch(context):
    """Let the moment come at which announced aliases switch."""
    with context.database.write() as session:
        past = utc_now() - timedelta(seconds=1)
        session.execute(update(ModelAliasRecord).values(switch_time=past))
        session.execute(update(PromotionRecord).values(end_time=past))


async def known(context, caller, reference):
    parts = (context.database, context.store, context.threads)
    return await context.manifests.get(*parts, caller.project_id, reference)


def start_worker(context):
    with context.database.write() as session:
        beat(session, "worker@here", queues=[Queue.INFERENCE], host="here", pid=os.getpid())


async def test_a_model_is_called_by_id_version_and_alias(context, caller, stranger, versions):
    promote(context, caller, "titer@2")
    for reference in (versions[1], "titer@2", "titer@champion"):
        model = models.get_model(context, caller, reference)
        assert (model.id, model.name, model.version) == (versions[1], "titer", 2)
        assert model.aliases == ["champion"]
        assert (await known(context, caller, reference)).model_id == versions[1]
        with pytest.raises(NotFoundError):
            models.get_model(context, stranger, reference)
        with pytest.raises(NotFoundError):
            await known(context, stranger, reference)
    for reference in ("titer@3", "titer@challenger", "other@champion"):
        with pytest.raises(NotFoundError):
            await known(context, caller, reference)


async def test_a_score_under_an_alias_is_checked_by_its_model(context, caller, versions):
    promote(context, caller, versions[0])
    unknown = ScoreRequest(genotypes=["zzz:deletion"])
    with pytest.raises(UnknownEditsError):
        await scoring.score(context, caller, "titer@champion", unknown)
    good = ScoreRequest(genotypes=[""], timeout_seconds=0.1)
    with pytest.raises(DeadlineExceededError):  # it was sent, and there is no worker
        await scoring.score(context, caller, "titer@champion", good)


async def test_without_a_worker_it_is_promoted_once_its_blobs_are_checked(
    context, caller, versions
):
    promotion = promote(context, caller, versions[0])
    assert promotion.state is PromotionState.SUCCEEDED
    path = context.store.path(models.get_model(context, caller, versions[1]).weights_sha256)
    path.write_bytes(b"secomd")
    with pytest.raises(BrokenArtifactError, match="not what it was"):
        promote(context, caller, versions[1])
    assert models.check_model(context, caller, versions[1]).ready is False
    path.unlink()
    with pytest.raises(BrokenArtifactError, match="missing"):
        promote(context, caller, versions[1])
    assert registry.get_alias(context, caller, "titer@champion").model_id == versions[0]
    assert len(registry.list_promotions(context, caller, PageRequest()).items) == 1


async def test_every_front_end_switches_before_it_is_told_that_it_succeeded(
    context, settings, caller, versions
):
    """The law of aliases: old before, new after SUCCEEDED, and never back."""
    other = Context.of(settings)
    try:
        promote(context, caller, versions[0])
        seen = []
        promotion = promote(context, caller, versions[1])
        while promotion.state is PromotionState.PENDING:
            for front in (context, other):
                seen.append((await known(front, caller, "titer@champion")).version)  # noqa: PERF401
            await asyncio.sleep(0.005)
            promotion = registry.get_promotion(context, caller, promotion.id)
        after = [
            (await known(front, caller, "titer@champion")).version for front in (context, other)
        ]
    finally:
        await other.close()
    assert after == [2, 2]
    assert seen == sorted(seen)
    assert seen[:2] == [1, 1]


async def test_what_a_name_means_is_asked_once_for_all_who_wait(context, caller, versions):
    asked = []

    def count(_connection, _cursor, statement, *_):
        if "FROM models" in statement:  # keys are looked for in between
            asked.append(statement)

    event.listen(context.database.engine, "before_cursor_execute", count)
    found = await asyncio.gather(*(known(context, caller, "titer@1") for _ in range(50)))
    assert {model.model_id for model in found} == {versions[0]}
    assert len(asked) == 1


async def test_the_history_tells_who_why_and_by_which_figures(context, caller, versions):
    promote(context, caller, versions[0])
    promote(context, caller, versions[1])
    let_it_switch(context)
    second, first = registry.list_promotions(context, caller, PageRequest()).items
    assert (first.from_version, first.to_version) == (None, 1)
    assert (second.from_version, second.to_version) == (1, 2)
    assert (second.created_by, second.note) == ("local", "why")
    (figures,) = second.from_figures
    assert figures == first.to_figures[0]
    assert (figures.spearman, figures.best_null, figures.best_null_rmse) == (0.7, "additive", 5.0)
    assert second.to_figures == []


async def test_a_rollback_goes_back_and_once_more_forward(context, caller, versions):
    with pytest.raises(NotFoundError):
        registry.rollback(context, caller, "titer@champion", RollbackRequest())
    promote(context, caller, versions[0])
    with pytest.raises(FailedPreconditionError, match="meant nothing before"):
        registry.rollback(context, caller, "titer@champion", RollbackRequest())
    promote(context, caller, versions[1])
    let_it_switch(context)
    for expected in (versions[0], versions[1]):
        begun = registry.rollback(context, caller, "titer@champion", RollbackRequest())
        with pytest.raises(FailedPreconditionError, match="under way"):
            promote(context, caller, begun.from_model_id)
        let_it_switch(context)
        assert registry.get_alias(context, caller, "titer@champion").model_id == expected


async def test_what_an_alias_means_is_neither_archived_nor_deleted(context, caller, versions):
    promote(context, caller, versions[0])
    with pytest.raises(FailedPreconditionError, match="titer@champion"):
        models.archive_model(context, caller, versions[0])
    with pytest.raises(FailedPreconditionError, match="titer@champion"):
        await models.delete_model(context, caller, versions[0])
    await registry.delete_alias(context, caller, "titer@champion")
    archived = models.archive_model(context, caller, versions[0])
    assert archived.archive_time is not None
    assert (await known(context, caller, "titer@1")).model_id == versions[0]
    with pytest.raises(FailedPreconditionError, match="archived"):
        promote(context, caller, versions[0])


async def test_a_deleted_model_is_gone_at_once(context, caller, versions):
    model = models.get_model(context, caller, versions[0])
    for reference in (versions[0], "titer@1"):
        await known(context, caller, reference)
    await models.delete_model(context, caller, "titer@1")
    for reference in (versions[0], "titer@1"):
        with pytest.raises(NotFoundError):
            await known(context, caller, reference)
    for sha256 in (model.weights_sha256, model.manifest_sha256):
        with pytest.raises(NotFoundError):
            context.store.path(sha256)


async def test_a_promotion_waits_for_a_live_worker(context, caller, versions):
    start_worker(context)
    promotion = promote(context, caller, versions[0])
    assert promotion.state is PromotionState.PENDING
    with pytest.raises(NotFoundError, match="means no model yet"):
        await known(context, caller, "titer@champion")
    with context.database.write() as session:
        promotions.tell_load(session, promotion.id, "worker@here", None)
        promotions.settle_promotion(session, promotion.id, 20.0)
    assert (await known(context, caller, "titer@champion")).model_id == versions[0]


async def test_ready_is_whole_blobs_and_a_live_worker(context, caller, versions):
    readiness = models.check_model(context, caller, "titer@1")
    assert (readiness.ready, readiness.detail) == (False, "no inference worker is alive")
    start_worker(context)
    assert models.check_model(context, caller, "titer@1").ready is True
    manifest = context.store.path(models.get_model(context, caller, "titer@1").manifest_sha256)
    manifest.write_bytes(manifest.read_bytes() + b" ")
    readiness = models.check_model(context, caller, "titer@1")
    assert (readiness.ready, readiness.model_id) == (False, versions[0])
    assert models.get_model(context, caller, "titer@1").manifest is None


def test_a_name_that_cannot_stand_in_a_path_has_no_alias(context, caller):
    model_id = add_model(context, name="a/b", weights=b"w")
    with pytest.raises(InvalidArgumentError, match="holds a /"):
        promote(context, caller, model_id)
    with context.database.read() as session:
        assert aliases.find_model(session, "default", "a/b@1").id == model_id
