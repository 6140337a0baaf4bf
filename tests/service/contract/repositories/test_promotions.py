"""Promotions: an alias means a model once every live worker has it, or what it meant before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from service.contract.blobs import Blob
from service.contract.database import utc_now
from service.contract.errors import (
    BrokenArtifactError,
    FailedPreconditionError,
    NotFoundError,
)
from service.contract.jobs import Queue
from service.contract.records import JobRecord, ModelAliasRecord, PromotionLoadRecord
from service.contract.registry import ANNOUNCED_AHEAD, MEANING_SECONDS
from service.contract.repositories import aliases, models, promotions, workers

BLOB = Blob("e" * 64, 1)
STALE_SECONDS = 20.0


@pytest.fixture
def versions(database, new_job):
    """Ids of three models of one name."""
    found = []
    for _ in range(3):
        job_id = new_job()
        with database.write() as session:
            job = session.get_one(JobRecord, job_id)
            model = models.add_model(
                session, job, name="titer", kind="additive", manifest=BLOB, weights=BLOB, report={}
            )
            found.append(model.id)
    return found


class Scene:
    """What people and workers do to the aliases of a name."""

    def __init__(self, database, owner):
        self.database = database
        self.owner = owner

    def begin(self, model_id, alias="champion", timeout_seconds=60.0):
        with self.database.write() as session:
            return promotions.begin_promotion(
                session,
                self.owner,
                model_id,
                alias,
                note="",
                figures=lambda _: [],
                timeout_seconds=timeout_seconds,
            ).id

    def tell(self, promotion_id, worker_id, error=None):
        """A worker says that it has loaded the model of a promotion, or not."""
        with self.database.write() as session:
            promotions.tell_load(session, promotion_id, worker_id, error)
            promotions.settle_promotion(session, promotion_id, STALE_SECONDS)

    def live(self, *names, queues=(Queue.INFERENCE,)):
        """Workers beat."""
        with self.database.write() as session:
            for name in names:
                workers.beat(session, name, queues=queues, host="host", pid=1)

    def champion(self, model_id):
        """Promote a model to the end."""
        self.live("one")
        promotion_id = self.begin(model_id)
        self.tell(promotion_id, "one")
        self.switch()
        return promotion_id

    def switch(self):
        """Let the moment come at which announced aliases switch."""
        with self.database.write() as session:
            for alias in session.query(ModelAliasRecord):
                alias.switch_time = utc_now() - timedelta(seconds=1)

    def settle(self, promotion_id):
        with self.database.write() as session:
            promotions.settle_promotion(session, promotion_id, STALE_SECONDS)

    def state(self, promotion_id):
        with self.database.read() as session:
            return promotions.get_promotion(session, "lab", promotion_id).state

    def meaning(self, reference="titer@champion"):
        with self.database.read() as session:
            return aliases.find_meaning(session, "lab", reference)


@pytest.fixture
def scene(database, owner):
    return Scene(database, owner)


def test_it_waits_for_every_live_inference_worker(scene, versions):
    scene.champion(versions[0])
    scene.live("two")
    scene.live("trainer", queues=(Queue.TRAIN,))
    promotion_id = scene.begin(versions[1])
    scene.tell(promotion_id, "one")
    assert scene.state(promotion_id) == "PENDING"
    assert scene.meaning().model.id == versions[0]
    scene.tell(promotion_id, "two")
    assert scene.state(promotion_id) == "SUCCEEDED"
    assert scene.meaning().model.id == versions[1]


def test_a_worker_that_goes_is_not_waited_for(scene, database, versions):
    scene.live("one", "two")
    promotion_id = scene.begin(versions[0])
    scene.tell(promotion_id, "one")
    with database.write() as session:
        workers.forget_worker(session, "two")
    scene.settle(promotion_id)
    assert scene.state(promotion_id) == "SUCCEEDED"


def test_the_switch_is_announced_before_any_front_end_could_still_remember(scene, versions):
    scene.champion(versions[0])
    promotion_id = scene.begin(versions[1])
    before = utc_now()
    scene.tell(promotion_id, "one")
    found = scene.meaning()
    assert found.switch_time >= before + ANNOUNCED_AHEAD
    assert timedelta(seconds=MEANING_SECONDS) < ANNOUNCED_AHEAD
    just_before = found.switch_time - timedelta(microseconds=1)
    assert found.at(just_before).id == versions[0]
    assert found.at(found.switch_time).id == versions[1]


def test_an_alias_that_meant_nothing_means_its_first_model_at_once(scene, versions):
    scene.live("one")
    promotion_id = scene.begin(versions[0])
    with pytest.raises(NotFoundError, match="means no model yet"):
        scene.meaning()
    scene.tell(promotion_id, "one")
    assert scene.meaning().at(utc_now()).id == versions[0]


@pytest.mark.parametrize("way", ["a worker cannot", "too late"])
def test_what_fails_changes_nothing_and_says_why(scene, database, versions, way):
    scene.champion(versions[0])
    scene.live("two")
    promotion_id = scene.begin(versions[1], timeout_seconds=0.0 if way == "too late" else 60.0)
    if way == "too late":
        scene.tell(promotion_id, "one")
        expected = "1 of 2 live inference workers"
    else:
        scene.tell(promotion_id, "two", BrokenArtifactError("the weights are gone").as_problem())
        expected = "the weights are gone"
    with database.read() as session:
        promotion = promotions.get_promotion(session, "lab", promotion_id)
        assert session.query(PromotionLoadRecord).count() == 0
    assert (promotion.state, promotion.from_version) == ("FAILED", 1)
    assert expected in promotion.error["detail"]
    assert scene.meaning().at(utc_now()).id == versions[0]
    scene.tell(promotion_id, "one")  # too late: it has ended
    assert scene.state(promotion_id) == "FAILED"
    scene.begin(versions[2])  # and nothing stands in the way of the next


def test_one_promotion_of_an_alias_at_a_time(scene, versions):
    scene.live("one")
    first = scene.begin(versions[0])
    assert scene.begin(versions[0]) == first
    with pytest.raises(FailedPreconditionError, match=first):
        scene.begin(versions[1])
    scene.begin(versions[1], "challenger")
    scene.tell(first, "one")
    scene.switch()
    assert scene.begin(versions[0]) == first


def test_the_same_again_gives_the_promotion_that_made_it_so(scene, versions):
    first = scene.champion(versions[0])
    second = scene.begin(versions[1])
    scene.tell(second, "one", {"detail": "no"})
    assert scene.begin(versions[0]) == first


def test_of_many_at_once_one_is_begun(scene, versions):
    def attempt(number):
        try:
            return scene.begin(versions[number % 3])
        except FailedPreconditionError:
            return None

    with ThreadPoolExecutor(6) as pool:
        begun = set(pool.map(attempt, range(12))) - {None}
    assert len(begun) == 1


def test_a_worker_is_asked_once(scene, database, versions):
    scene.live("one", "two")
    promotion_id = scene.begin(versions[0])

    def asked(worker_id):
        with database.read() as session:
            found = promotions.list_unloaded(session, worker_id)
        return [(promotion.id, model.id) for promotion, model in found]

    assert asked("one") == [(promotion_id, versions[0])]
    scene.tell(promotion_id, "one")
    assert asked("one") == []
    assert asked("two") == [(promotion_id, versions[0])]


def test_what_an_alias_means_or_is_about_to_mean_is_kept(scene, database, versions):
    def require_free(model_id):
        with database.write() as session:
            model = models.get_model(session, "lab", model_id, lock=True)
            aliases.require_unaliased(session, model, "archived")

    scene.champion(versions[0])
    promotion_id = scene.begin(versions[1])
    for model_id in versions[:2]:
        with pytest.raises(FailedPreconditionError, match="titer@champion"):
            require_free(model_id)
    scene.tell(promotion_id, "one")
    for model_id in versions[:2]:  # announced: the old one is meant for a moment yet
        with pytest.raises(FailedPreconditionError, match="titer@champion"):
            require_free(model_id)
    scene.switch()
    require_free(versions[0])


def test_an_archived_model_is_not_promoted(scene, database, versions):
    with database.write() as session:
        model = models.get_model(session, "lab", versions[0], lock=True)
        models.set_archived(session, model, is_archived=True)
    with pytest.raises(FailedPreconditionError, match="archived"):
        scene.begin(versions[0])


def test_the_history_is_listed_the_latest_first(scene, database, versions):
    first = scene.champion(versions[0])
    second = scene.champion(versions[1])
    with database.read() as session:
        page = promotions.list_promotions(
            session, "lab", name="titer", alias="champion", page_size=10, page_token=None
        )
    told = [(row.id, row.from_version, row.to_version, row.created_by) for row in page.rows]
    assert told == [(second, 1, 2, "ada"), (first, None, 1, "ada")]


def test_an_alias_that_is_removed_means_nothing(scene, database, versions):
    scene.champion(versions[0])
    with database.write() as session:
        alias = aliases.get_alias(session, "lab", "titer@champion", lock=True)
        aliases.delete_alias(session, alias)
    with pytest.raises(NotFoundError):
        scene.meaning()
    scene.champion(versions[1])
    assert scene.meaning().at(utc_now()).id == versions[1]
