"""Scoring jobs over gRPC: a table in chunks, or combinations; the life of a job; its results."""

import hashlib
from uuid import uuid4

import pytest
from grpc import StatusCode

from service.contract.jobs import JobState
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, job_files, leases
from service.contract.resources import ScoringJob
from service.handlers.access import LOCAL
from service.handlers.scoring_jobs import SCORING_JOBS
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, scoring_pb2, scoring_pb2_grpc
from tests.service.rest.test_scoring_jobs import blob_count
from tests.service.rest.test_search_jobs import LABEL
from tests.service.rows import add_model, claim
from tests.service.rpc.statuses import fails
from tests.service.rpc.uploads import parts

File = scoring_pb2.DownloadScoringFileRequest
TABLE = b"genotype\tplate\nb0720:deletion\t1\n\t2\n"
SHA256 = hashlib.sha256(TABLE).hexdigest()
RESULTS = b"PAR1" * 7
COMBINATIONS = {"combinations": {"pool": {"min_support": 0}, "min_order": 0}}


@pytest.fixture
def scoring(channel):
    return scoring_pb2_grpc.ScoringServiceStub(channel)


@pytest.fixture
def model_id(context):
    return add_model(context, labels=[LABEL])


def spec_of(model_id, **spec):
    return {"model_id": model_id, "input": {"table": {}}, **spec}


def create(model_id, content=b"", *, request_id="", size_bytes=None, sha256="", **spec):
    """The messages that make a job."""
    header = scoring_pb2.ScoringJobHeader(
        spec=spec_of(model_id, **spec), request_id=request_id, size_bytes=size_bytes, sha256=sha256
    )
    return parts(scoring_pb2.CreateScoringJobRequest, header, content)


def by_id(kind, job_id, **given):
    return getattr(scoring_pb2, f"{kind}ScoringJobRequest")(id=job_id, **given)


@pytest.fixture
async def job_id(scoring, model_id):
    return (await scoring.CreateScoringJob(create(model_id, TABLE))).id


async def test_a_table_is_stored_as_it_was_sent(scoring, context, model_id):
    keep = {"names": []}
    job = await scoring.CreateScoringJob(
        create(
            model_id, TABLE, size_bytes=len(TABLE), sha256=SHA256, input={"table": {"keep": keep}}
        )
    )
    received = ScoringJob.model_validate(read_message(job))
    assert received == SCORING_JOBS.get(context, LOCAL, job.id)
    assert received.spec.input.keep == ()
    with context.database.read() as session:
        sha256 = job_files.find_file(session, LOCAL.project_id, job.id, "source")
    assert context.store.read(sha256) == TABLE


async def test_combinations_need_the_header_alone(scoring, context, model_id):
    job = await scoring.CreateScoringJob(create(model_id, input=COMBINATIONS))
    received = ScoringJob.model_validate(read_message(job))
    assert received == SCORING_JOBS.get(context, LOCAL, job.id)
    assert (received.spec.input.kind, received.spec.input.min_order) == ("combinations", 0)
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await scoring.CreateScoringJob(create(model_id, TABLE, input=COMBINATIONS))
    assert "need no table" in failure.message


async def test_a_repeated_request_makes_one_job(scoring, model_id):
    request_id = str(uuid4())
    first = await scoring.CreateScoringJob(create(model_id, TABLE, request_id=request_id))
    again = await scoring.CreateScoringJob(create(model_id, TABLE, request_id=request_id))
    assert again.id == first.id
    async with fails(StatusCode.ALREADY_EXISTS):
        await scoring.CreateScoringJob(create(model_id, TABLE + b"\t3\n", request_id=request_id))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"model_id": ""}, "header.spec.model_id"),
        ({"input": {}}, "header.spec.input"),
        ({"shard_rows": 5}, "header.spec.shard_rows"),
        ({"fields": [0]}, "header.spec.fields[0]"),
        ({"input": {"table": {"format": 9}}}, "header.spec.input.table.format"),
        (
            {"input": {"combinations": {"pool": {"edits": ["b0001:frobnicate"]}}}},
            "header.spec.input.combinations.pool.edits[0]",
        ),
        (
            {"input": {"combinations": {"pool": {"must_avoid": ["b9999"]}}}},
            "header.spec.input.combinations.pool.must_avoid[0]",
        ),
    ],
)
async def test_a_wrong_spec_is_refused_by_the_path_of_its_field(scoring, model_id, given, field):
    asked = {"model_id": model_id} | given
    content = b"" if "combinations" in field else TABLE
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await scoring.CreateScoringJob(create(asked.pop("model_id"), content, **asked))
    assert [path for path, _ in failure.violations] == [field]
    page = await scoring.ListScoringJobs(scoring_pb2.ListScoringJobsRequest())
    assert not page.scoring_jobs


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"size_bytes": 1}, []),
        ({"size_bytes": len(TABLE) + 1}, []),
        ({"sha256": "0" * 64}, []),
        ({"sha256": SHA256.upper()}, ["header.sha256"]),
        ({"sha256": SHA256, "input": COMBINATIONS}, ["header.sha256"]),
    ],
)
async def test_a_table_of_which_something_else_was_said_leaves_nothing(
    scoring, context, model_id, said, fields
):
    before = blob_count(context)
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await scoring.CreateScoringJob(create(model_id, TABLE, **said))
    assert [path for path, _ in failure.violations] == fields
    page = await scoring.ListScoringJobs(scoring_pb2.ListScoringJobsRequest())
    assert not page.scoring_jobs
    assert blob_count(context) == before


async def test_a_model_that_is_not_there(scoring):
    async with fails(StatusCode.NOT_FOUND):
        await scoring.CreateScoringJob(create("model_0", TABLE))


async def test_a_stream_without_a_header(scoring):
    message = scoring_pb2.CreateScoringJobRequest(chunk=b"x")
    for messages in ([], [message]):
        async with fails(StatusCode.INVALID_ARGUMENT) as failure:
            await scoring.CreateScoringJob(iter(messages))
        assert "header" in failure.message


async def test_the_life_of_a_job(scoring, job_id, model_id):
    listed = await scoring.ListScoringJobs(
        scoring_pb2.ListScoringJobsRequest(model_id=model_id, state=jobs_pb2.JOB_STATE_QUEUED)
    )
    assert [job.id for job in listed.scoring_jobs] == [job_id]
    async with fails(StatusCode.FAILED_PRECONDITION):
        await scoring.DeleteScoringJob(by_id("Delete", job_id))
    cancelled = await scoring.CancelScoringJob(by_id("Cancel", job_id))
    assert cancelled.state == jobs_pb2.JOB_STATE_CANCELLED
    events = [event async for event in scoring.WatchScoringJob(by_id("Watch", job_id))]
    assert [event.data["state"] for event in events] == ["QUEUED", "CANCELLED"]
    resumed = await scoring.ResumeScoringJob(by_id("Resume", job_id))
    assert resumed.state == jobs_pb2.JOB_STATE_QUEUED
    await scoring.CancelScoringJob(by_id("Cancel", job_id))
    await scoring.DeleteScoringJob(by_id("Delete", job_id))
    async with fails(StatusCode.NOT_FOUND):
        await scoring.GetScoringJob(by_id("Get", job_id))


async def test_results_are_the_file_that_the_worker_made(scoring, context, job_id):
    ask = File(id=job_id, file=File.FILE_RESULTS_PARQUET)
    async with fails(StatusCode.NOT_FOUND):
        await scoring.DownloadScoringFile(ask).read()
    lease = claim(context.database, job_id)
    with context.store.writer() as writer:
        writer.write(RESULTS)
        sealed = writer.seal()
        with artifacts.write_blobs(context.database, context.store) as session:
            job = session.get_one(JobRecord, job_id)
            job_files.add_files(session, job, {"results.parquet": (sealed, "text/plain")})
            leases.finish(session, lease, JobState.SUCCEEDED)
    found = [part async for part in scoring.DownloadScoringFile(ask)]
    assert b"".join(part.content for part in found) == RESULTS
    async with fails(StatusCode.NOT_FOUND):  # the spec asked for no TSV
        await scoring.DownloadScoringFile(File(id=job_id, file=File.FILE_RESULTS_TSV)).read()
    async with fails(StatusCode.INVALID_ARGUMENT):
        await scoring.DownloadScoringFile(File(id=job_id)).read()
