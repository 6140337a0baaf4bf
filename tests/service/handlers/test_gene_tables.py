"""Uploads of gene tables and networks: a name is that of one network, whoever comes first."""

import asyncio

import pytest

from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import (
    BadTableError,
    FailedPreconditionError,
    NameTakenError,
    NotFoundError,
)
from service.contract.genes import GeneTableSpec, NetworkSpec
from service.contract.jobs import JobKind, JobState
from service.contract.records import ArtifactRecord, GeneTableRecord, JobRecord
from service.contract.repositories import leases, uploads
from service.contract.repositories.artifacts import write_blobs
from service.handlers.gene_tables import (
    get_gene_table,
    list_networks,
    upload_gene_table,
    upload_network,
)
from service.handlers.requests import PageRequest
from service.handlers.uploads import Upload

TABLE = b"locus\tx\na\t1\nb\t2\n"
EDGES = b"a\tb\na\tb\n"
REQUEST_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


async def body(content):
    yield content


async def add_table(context, caller, *, is_ready=True):
    upload = Upload("genes", GeneTableSpec())
    made = await upload_gene_table(context, caller, upload, body(TABLE))
    if is_ready:
        with context.database.write() as session:
            row = session.get_one(GeneTableRecord, made.id)
            uploads.mark_ready(session, row, profile={}, table=Blob("b" * 64, 1))
    return made


async def add_network(context, caller, table, content=EDGES, **changes):
    upload = Upload(**{"name": "string", "spec": NetworkSpec(), **changes})
    return await upload_network(context, caller, table.id, upload, body(content))


async def test_a_network_needs_a_table_that_is_ready(context, caller, stranger):
    table = await add_table(context, caller, is_ready=False)
    with pytest.raises(FailedPreconditionError, match="INGESTING: wait"):
        await add_network(context, caller, table)
    with pytest.raises(NotFoundError):
        await add_network(context, stranger, table)
    with pytest.raises(NotFoundError):
        list_networks(context, stranger, table.id, PageRequest())


async def test_of_two_networks_with_one_name_one_is_made(context, caller):
    table = await add_table(context, caller)
    found = await asyncio.gather(
        *(add_network(context, caller, table, EDGES + str(n).encode()) for n in range(4)),
        return_exceptions=True,
    )
    kinds = sorted(type(one).__name__ for one in found)
    assert kinds == ["NameTakenError"] * 3 + ["Network"]
    assert len(list_networks(context, caller, table.id, PageRequest()).items) == 1
    with context.database.read() as session:
        blobs = session.query(ArtifactRecord).count()
    assert blobs == 2  # of the table and of one network


async def test_the_same_request_twice_is_once(context, caller):
    table = await add_table(context, caller)
    first = await add_network(context, caller, table, request_id=REQUEST_ID)
    second = await add_network(context, caller, table, request_id=REQUEST_ID)
    assert second.id == first.id
    with pytest.raises(NameTakenError):
        await add_network(context, caller, table)


async def test_a_failed_ingest_leaves_its_error_and_no_blob(context, caller):
    table = await add_table(context, caller, is_ready=False)
    with write_blobs(context.database, context.store) as session:
        job = session.query(JobRecord).filter_by(subject_id=table.id).one()
        assert job.kind == JobKind.GENE_TABLE
        held = leases.claim(session, job.id, "worker", 60)
        lease = leases.Lease(held.id, held.fence)
        problem = BadTableError("bad row").as_problem()
        uploads.forget_source(
            session, leases.finish(session, lease, JobState.FAILED, error=problem)
        )
    found = get_gene_table(context, caller, table.id)
    assert (found.state, found.error.detail) == (DatasetState.FAILED, "bad row")
    with context.database.read() as session:
        assert session.query(ArtifactRecord).count() == 0
        assert session.get_one(GeneTableRecord, table.id).table_sha256 is None
    with pytest.raises(NotFoundError, match="no artifact"):
        context.store.path(found.source_sha256)


async def test_the_name_of_a_failed_network_is_free_again(context, caller):
    table = await add_table(context, caller)
    network = await add_network(context, caller, table)
    with context.database.write() as session:
        job = session.query(JobRecord).filter_by(subject_id=network.id).one()
        uploads.mark_failed(session, job)
    again = await add_network(context, caller, table)
    assert again.id != network.id
