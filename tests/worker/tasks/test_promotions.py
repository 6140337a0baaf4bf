"""What an inference worker loads because the registry asks for it."""

import os

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.jobs import JobKind, Queue
from service.contract.repositories import aliases, jobs, models, promotions, workers
from service.contract.repositories.jobs import Owner
from service.contract.repositories.requests import Request
from service.contract.settings import Settings
from tests.service.rows import publish_blob
from worker.tasks.loaded import LoadedModels
from worker.tasks.promotions import load_aliased, load_promoted
from worker.tasks.runtime import Runtime

OWNER = Owner("lab", "ada")
WORKER = "worker@here"


@pytest.fixture
def runtime(database, tmp_path):
    return Runtime(Settings(data_dir=tmp_path), database, ArtifactStore(tmp_path / "artifacts"))


@pytest.fixture
def loaded(runtime):
    return LoadedModels(runtime.store, max_models=2, max_bytes=2**40)


@pytest.fixture
def add(runtime, trained):
    """Registers the trained model, or something that is none, and returns its id."""

    def register(weights=trained.weights):
        manifest, stored = (
            publish_blob(runtime.database, runtime.store, content, owner=OWNER)
            for content in (trained.manifest.model_dump_json().encode(), weights)
        )
        with runtime.database.write() as session:
            job, _ = jobs.create_job(
                session, OWNER, JobKind.TRAINING, {}, subject_id="d", request=Request(None, "")
            )
            return models.add_model(
                session,
                job,
                name="titer",
                kind="additive",
                manifest=manifest,
                weights=stored,
                report={},
            ).id

    return register


@pytest.fixture
def promote(runtime):
    def begin(model_id, alias="champion"):
        with runtime.database.write() as session:
            workers.beat(session, WORKER, queues=[Queue.INFERENCE], host="here", pid=os.getpid())
            return promotions.begin_promotion(
                session, OWNER, model_id, alias, note="", figures=lambda _: [], timeout_seconds=60
            ).id

    return begin


def read(runtime, promotion_id):
    with runtime.database.read() as session:
        return promotions.get_promotion(session, "lab", promotion_id)


def test_what_an_alias_is_to_mean_is_loaded_before_it_does(runtime, loaded, add, promote):
    model_id = add()
    promotion_id = promote(model_id)
    load_promoted(runtime, WORKER, loaded)
    assert loaded.ids() == [model_id]
    assert read(runtime, promotion_id).state == "SUCCEEDED"
    with runtime.database.read() as session:
        assert aliases.find_model(session, "lab", "titer@champion").id == model_id


@pytest.mark.parametrize("way", ["missing", "other weights"])
def test_what_cannot_be_loaded_is_told_and_the_old_one_stays(runtime, loaded, add, promote, way):
    old = add()
    promote(old)
    load_promoted(runtime, WORKER, loaded)
    broken = add(b"other weights")
    if way == "missing":
        with runtime.database.read() as session:
            runtime.store.delete(models.get_model(session, "lab", broken).weights_sha256)
    promotion_id = promote(broken, "challenger")
    load_promoted(runtime, WORKER, loaded)
    failed = read(runtime, promotion_id)
    assert failed.state == "FAILED"
    assert failed.error["reason"] == "BROKEN_ARTIFACT"
    assert loaded.ids() == [old]


def test_a_worker_that_starts_loads_what_aliases_mean_as_far_as_there_is_room(
    runtime, loaded, add, promote
):
    ids = []
    for alias in ("first", "second", "third"):
        ids.append(add())
        promote(ids[-1], alias)
        load_promoted(runtime, WORKER, LoadedModels(runtime.store, max_models=9, max_bytes=2**40))
    runtime.settings.max_loaded_models = 2
    load_aliased(runtime, loaded)
    assert loaded.ids() == ids[1:]
