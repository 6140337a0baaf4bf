"""Makers of rows, for the repositories' tests."""

import pytest

from service.contract.jobs import JobKind
from service.contract.repositories.jobs import Owner, create_job
from service.contract.repositories.requests import Request


@pytest.fixture
def owner():
    return Owner(project_id="lab", created_by="ada")


@pytest.fixture
def new_job(database, owner):
    """Records a queued training job and returns its id."""

    def make(request_id=None, sha256="0" * 64, subject_id="dataset_1"):
        with database.write() as session:
            job, _ = create_job(
                session,
                owner,
                JobKind.TRAINING,
                {"epochs": 1},
                subject_id=subject_id,
                request=Request(request_id, sha256),
            )
            return job.id

    return make
