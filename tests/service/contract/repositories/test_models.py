"""Models: numbered within their name, archived, deleted where nothing needs them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from service.contract.artifacts import ArtifactStore
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.jobs import JobKind, JobState
from service.contract.records import ArtifactRecord, JobRecord
from service.contract.repositories import aliases, artifacts, jobs, models, sweeps
from service.contract.repositories.models import ModelFilter
from service.contract.repositories.requests import Request
from tests.service.rows import publish_blob

PAGE = {"page_size": 10, "page_token": None}


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def add(database, store, owner, new_job):
    """Registers a model and returns its id."""

    def register(name="titer", content=b"weights", job_id=None):
        blob = publish_blob(database, store, content, owner=owner)
        job_id = job_id or new_job()
        with database.write() as session:
            job = session.get_one(JobRecord, job_id)
            return models.add_model(
                session, job, name=name, kind="additive", manifest=blob, weights=blob, report={}
            ).id

    return register


def read(database, reference):
    with database.read() as session:
        return aliases.find_model(session, "lab", reference)


def delete(database, store, model_id):
    with artifacts.write_blobs(database, store) as session:
        models.delete_model(session, models.get_model(session, "lab", model_id, lock=True))


def listed(database, **wanted):
    with database.read() as session:
        page = models.list_models(session, "lab", ModelFilter(**wanted), **PAGE)
    return [model.id for model in page.rows]


def test_registrations_at_once_are_numbered_without_gaps(database, add):
    names = ["titer"] * 12 + ["growth"] * 6
    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(add, names))
    found = [read(database, model_id) for model_id in ids]
    for name, count in (("titer", 12), ("growth", 6)):
        numbers = sorted(model.version for model in found if model.name == name)
        assert numbers == list(range(1, count + 1))


def test_a_number_is_not_given_again(database, store, add):
    first, second = add(), add()
    delete(database, store, second)
    assert read(database, add()).version == 3
    assert read(database, "titer@1").id == first
    with pytest.raises(NotFoundError, match="titer@2"):
        read(database, "titer@2")


def test_a_registration_that_comes_to_nothing_takes_no_number(database, add, new_job):
    job_id = new_job()

    def fail():
        with database.write() as session:
            job = session.get_one(JobRecord, job_id)
            models._next_version(session, job, "titer")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert read(database, add()).version == 1


def test_archived_models_are_listed_only_when_asked_for(database, add):
    first, second, other = add(), add(), add("growth")
    with database.write() as session:
        model = models.get_model(session, "lab", first, lock=True)
        models.set_archived(session, model, is_archived=True)
    assert listed(database) == [other, second]
    assert listed(database, with_archived=True) == [other, second, first]
    assert listed(database, name="titer", with_archived=True) == [second, first]
    with database.write() as session:
        model = models.get_model(session, "lab", first, lock=True)
        models.set_archived(session, model, is_archived=False)
    assert listed(database, name="titer") == [second, first]


def test_a_deleted_model_lets_go_of_what_no_other_needs(database, store, add):
    first, second = add(content=b"shared"), add(content=b"shared")
    sha256 = read(database, first).weights_sha256
    delete(database, store, first)
    assert store.read(sha256) == b"shared"
    delete(database, store, second)
    with pytest.raises(NotFoundError):
        store.path(sha256)
    with database.read() as session:
        assert session.scalars(select(ArtifactRecord)).all() == []


def test_a_model_that_a_search_reads_is_not_deleted(database, store, add, owner):
    model_id = add()
    with database.write() as session:
        job, _ = jobs.create_job(
            session, owner, JobKind.SEARCH, {}, subject_id=model_id, request=Request(None, "")
        )
    with pytest.raises(FailedPreconditionError, match=job.id):
        delete(database, store, model_id)
    with database.write() as session:
        jobs.request_cancel(session, "lab", JobKind.SEARCH, job.id)
    delete(database, store, model_id)
    with pytest.raises(NotFoundError):
        read(database, model_id)


def test_what_a_sweep_has_found_is_not_deleted(database, store, add, owner, new_job):
    job_id = new_job()
    model_id = add(job_id=job_id)
    with database.write() as session:
        sweep = sweeps.add_sweep(
            session, owner, {}, dataset_id="dataset_1", request=Request(None, "")
        )
        sweep.winner_job_id = job_id
        sweep.state = JobState.SUCCEEDED.value
    with pytest.raises(FailedPreconditionError, match=sweep.id):
        delete(database, store, model_id)
