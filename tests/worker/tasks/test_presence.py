"""A worker is heard of whatever its machine is like."""

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.jobs import Queue
from service.contract.repositories.fleet import read_fleet
from service.contract.settings import Settings
from worker.tasks import presence
from worker.tasks.runtime import Runtime


@pytest.fixture
def runtime(database, tmp_path, monkeypatch):
    """Of a worker whose folder nobody has made yet, as beside PostgreSQL and a bucket."""
    folder = tmp_path / "none" / "yet"
    made = Runtime(Settings(data_dir=folder), database, ArtifactStore(folder))
    monkeypatch.setattr(presence, "runtime", lambda: made)
    monkeypatch.setattr(presence, "worker_name", lambda: "worker@here")
    return made


def heard_of(runtime):
    with runtime.database.read() as session:
        (worker,) = read_fleet(session).workers
    return worker


def test_without_a_data_folder_its_disk_is_the_one_that_it_will_be_on(runtime):
    presence._beat([Queue.TRAIN])
    assert heard_of(runtime).figures.disk_size_bytes > 0


def test_what_cannot_be_measured_is_no_reason_to_be_silent(runtime, monkeypatch):
    def fail(*_):
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(presence, "measure", fail)
    presence._beat([Queue.TRAIN])
    assert heard_of(runtime).figures is None
