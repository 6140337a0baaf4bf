"""Ingests that are cancelled: while they wait, at work, twice, and once they have ended."""

import pytest

from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.jobs import JobState
from service.contract.records import ArtifactRecord, GeneTableRecord, JobRecord
from service.contract.repositories import leases, uploads
from service.contract.repositories.artifacts import write_blobs
from service.handlers.datasets import cancel_dataset, get_dataset
from service.handlers.gene_tables import cancel_gene_table, cancel_network
from service.handlers.uploads import upload_dataset
from tests.service.handlers.test_gene_tables import add_network, add_table
from tests.service.handlers.test_uploads import TABLE, pieces, upload_of


def job_of(context, upload_id):
    with context.database.read() as session:
        return session.query(JobRecord).filter_by(subject_id=upload_id).one()


def require_cancelled(upload):
    assert upload.state is DatasetState.FAILED
    assert upload.error.reason == "INGEST_CANCELLED"
    assert "upload it again as a new" in upload.error.detail


def blob_count(context):
    with context.database.read() as session:
        return session.query(ArtifactRecord).count()


async def test_one_that_waits_has_failed_at_once_and_leaves_no_blob(context, caller):
    dataset = await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    require_cancelled(cancel_dataset(context, caller, dataset.id))
    assert job_of(context, dataset.id).state == JobState.CANCELLED
    assert blob_count(context) == 0
    require_cancelled(cancel_dataset(context, caller, dataset.id))


async def test_one_at_work_ends_when_its_worker_sees_it(context, caller):
    dataset = await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    job = job_of(context, dataset.id)
    with context.database.write() as session:
        leases.claim(session, job.id, "worker", 60)
    assert cancel_dataset(context, caller, dataset.id).state is DatasetState.INGESTING
    lease = leases.Lease(job.id, 1)
    with write_blobs(context.database, context.store) as session:
        assert leases.heartbeat(session, lease, 60) is JobState.CANCELLING
        uploads.forget_source(session, leases.finish(session, lease, JobState.CANCELLED))
    require_cancelled(get_dataset(context, caller, dataset.id))
    assert blob_count(context) == 0


async def test_gene_tables_and_networks_are_cancelled_as_well(context, caller):
    waiting = await add_table(context, caller, is_ready=False)
    require_cancelled(cancel_gene_table(context, caller, waiting.id))
    table = await add_table(context, caller)
    network = await add_network(context, caller, table)
    require_cancelled(cancel_network(context, caller, table.id, network.id))


async def test_one_that_has_ended_is_not_cancelled(context, caller):
    table = await add_table(context, caller)
    with pytest.raises(FailedPreconditionError, match="is READY: its ingest has ended"):
        cancel_gene_table(context, caller, table.id)
    with context.database.read() as session:
        assert session.get_one(GeneTableRecord, table.id).table_sha256 == Blob("b" * 64, 1).sha256


async def test_others_have_no_such_upload(context, caller, stranger):
    dataset = await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    with pytest.raises(NotFoundError):
        cancel_dataset(context, stranger, dataset.id)
    assert get_dataset(context, caller, dataset.id).state is DatasetState.INGESTING
