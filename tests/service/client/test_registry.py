"""The client's registry against a running service: promote, follow, compare, archive, delete."""

import itertools

import pytest

from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.registry import PromotionState
from tests.service.client.conftest import LOCI

pytestmark = pytest.mark.slow

PAIRS = [f"{a}:knockdown+{b}:knockdown" for a, b in itertools.combinations(LOCI, 2)]


@pytest.fixture(scope="module")
def other(client, run):
    """Another version of the name, trained and tested on the same parts."""
    spec = {**run.job.spec.model_dump(mode="json"), "model": {"kind": "additive", "penalty": 50.0}}
    started = client.train(spec)
    started.wait()
    return started.model()


def test_versions_of_a_name(client, model, other):
    assert (other.name, other.version) == (model.name, model.version + 1)
    assert client.model(f"{model.name}@{other.version}").id == other.id
    listed = [one.id for one in client.models(name=model.name)]
    assert listed[:2] == [other.id, model.id]


def test_a_handle_on_an_alias_follows_it(client, model, other):
    alias = f"{model.name}@followed"
    promotion = model.promote("followed", note="first")
    assert (promotion.state, promotion.to_model_id) == (PromotionState.SUCCEEDED, model.id)
    handle = client.model(alias)
    assert handle.score([""]).model_id == model.id
    other.promote("followed")
    answer = handle.score([""])
    assert (answer.model_id, answer.model_version) == (other.id, other.version)
    assert client.registry.rollback(alias).to_model_id == model.id
    assert client.registry.alias(alias).model_id == model.id
    told = [row.to_version for row in client.registry.promotions(name=model.name, alias="followed")]
    assert told == [model.version, other.version, model.version]
    with pytest.raises(FailedPreconditionError, match=alias):
        model.archive()
    client.registry.remove_alias(alias)
    with pytest.raises(NotFoundError):
        client.model(alias)


def test_models_are_compared_on_their_test_part_and_on_given_designs(client, model, other):
    stored = client.registry.compare([model.id, other.id])
    assert stored.is_same_test is True
    report = model.resource.report["labels"][0]
    assert stored.models[0].figures[0].rmse == report["table"][0]["rmse"]
    assert stored.agreements[0].design_count == report["test_design_count"]
    given = client.registry.compare([model.id, other.id], PAIRS, top_count=10)
    (agreement,) = given.agreements
    assert (agreement.design_count, agreement.top_count) == (len(PAIRS), 10)
    lowest = client.registry.compare([model.id, other.id], PAIRS, top_count=3, top_of="lowest")
    assert lowest.agreements[0].top_count == 3
    assert agreement.spearman > 0.9  # one shrinks the effects of the other
    again = client.registry.compare([other.id, model.id], PAIRS, top_count=10)
    assert again.agreements[0].spearman == pytest.approx(agreement.spearman)


def test_an_archived_model_scores_by_its_id_and_a_deleted_one_does_not(client, other):
    assert other.readiness().ready is True
    assert other.archive().archive_time is not None
    assert other.id not in [one.id for one in client.models()]
    assert other.id in [one.id for one in client.models(with_archived=True)]
    assert other.score([""]).model_id == other.id
    assert other.unarchive().archive_time is None
    other.delete()
    for ask in (lambda: other.score([""]), other.readiness, lambda: client.model(other.id)):
        with pytest.raises(NotFoundError):
            ask()
