"""Searches over gRPC: the life of one, what it proposes, its files, and what is refused."""

import hashlib
from uuid import uuid4

import pytest
from grpc import StatusCode

from service.contract.blobs import SealedBlob
from service.contract.jobs import JobState
from service.contract.proposals import Proposal
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, job_files, leases, proposals
from service.contract.resources import SearchJob
from service.handlers.access import LOCAL
from service.handlers.search_jobs import SEARCH_JOBS
from service.rpc import downloading
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, search_pb2, search_pb2_grpc
from tests.service.contract.repositories.test_proposals import FOUND
from tests.service.rest.test_search_jobs import LABEL, REPORT
from tests.service.rows import add_model, claim
from tests.service.rpc.statuses import fails

File = search_pb2.DownloadSearchFileRequest
ORDER_BY = search_pb2.ListProposalsRequest
CONTENT = b"rank\tgenotype\n" * 10


@pytest.fixture
def search(channel):
    return search_pb2_grpc.SearchServiceStub(channel)


@pytest.fixture
def model_id(context):
    return add_model(context, labels=[LABEL])


def create(model_id, request_id="", **spec):
    given = {"objectives": [{"label": "growth"}], "model_id": model_id, **spec}
    return search_pb2.CreateSearchJobRequest(
        spec=search_pb2.SearchSpec(**given), request_id=request_id
    )


def by_id(kind, job_id, **given):
    return getattr(search_pb2, f"{kind}SearchJobRequest")(id=job_id, **given)


@pytest.fixture
async def job_id(search, model_id):
    return (await search.CreateSearchJob(create(model_id))).id


def succeed(context, job_id):
    """End a search, as its worker does."""
    lease = claim(context.database, job_id)
    with context.store.writer() as writer:
        writer.write(CONTENT)
        sealed: SealedBlob = writer.seal()
        with artifacts.write_blobs(context.database, context.store) as session:
            job = session.get_one(JobRecord, job_id)
            proposals.add_proposals(session, job, FOUND)
            job_files.add_files(session, job, {"proposals.tsv": (sealed, "text/plain")})
            result = {"report": REPORT.model_dump(mode="json")}
            leases.finish(session, lease, JobState.SUCCEEDED, result=result)


async def test_a_search_from_create_to_delete(search, model_id):
    created = await search.CreateSearchJob(create(model_id))
    assert created.state == jobs_pb2.JOB_STATE_QUEUED
    assert await search.GetSearchJob(by_id("Get", created.id)) == created
    async with fails(StatusCode.FAILED_PRECONDITION):
        await search.DeleteSearchJob(by_id("Delete", created.id))
    for _ in range(2):  # cancelling twice is once
        cancelled = await search.CancelSearchJob(by_id("Cancel", created.id))
        assert cancelled.state == jobs_pb2.JOB_STATE_CANCELLED
    resumed = await search.ResumeSearchJob(by_id("Resume", created.id))
    assert resumed.state == jobs_pb2.JOB_STATE_QUEUED
    await search.CancelSearchJob(by_id("Cancel", created.id))
    await search.DeleteSearchJob(by_id("Delete", created.id))
    async with fails(StatusCode.NOT_FOUND):
        await search.GetSearchJob(by_id("Get", created.id))


async def test_a_search_is_sent_as_the_handler_gives_it(search, context, model_id):
    asked = create(
        model_id,
        pool={"forbidden_pairs": [{"names": ["b0720", "b1812"]}], "min_support": 0},
        order_sheet={"controls": {}, "row_count": 10},
        strategy="SEARCH_STRATEGY_BATCHED",
    )
    message = await search.CreateSearchJob(asked)
    received = SearchJob.model_validate(read_message(message))
    assert received == SEARCH_JOBS.get(context, LOCAL, message.id)
    assert received.spec.pool.forbidden_pairs == (("b0720", "b1812"),)
    assert received.spec.order_sheet.controls == ()
    assert received.spec.order_sheet.row_count == 10


async def test_a_repeated_request_makes_one_search(search, model_id):
    request_id = str(uuid4())
    first = await search.CreateSearchJob(create(model_id, request_id))
    assert (await search.CreateSearchJob(create(model_id, request_id))).id == first.id
    async with fails(StatusCode.ALREADY_EXISTS) as failure:
        await search.CreateSearchJob(create(model_id, request_id, caution=2))
    assert failure.reason == "REQUEST_ID_REUSED"


async def test_pages_and_filters_of_searches(search, context, model_id):
    made = [(await search.CreateSearchJob(create(model_id))).id for _ in range(3)]
    other = add_model(context, labels=[LABEL], name="other")
    last = (await search.CreateSearchJob(create(other))).id
    await search.CancelSearchJob(by_id("Cancel", made[0]))

    async def ids(**query):
        page = await search.ListSearchJobs(search_pb2.ListSearchJobsRequest(**query))
        return [job.id for job in page.search_jobs], page.next_page_token

    newest, token = await ids(page_size=3)
    oldest, no_token = await ids(page_size=3, page_token=token)
    assert (newest + oldest, no_token) == ([last, *reversed(made)], "")
    assert (await ids(model_id=other))[0] == [last]
    assert (await ids(state=jobs_pb2.JOB_STATE_CANCELLED))[0] == [made[0]]


async def test_what_it_proposes(search, context, job_id):
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await search.ListProposals(search_pb2.ListProposalsRequest(id=job_id))
    assert "QUEUED" in failure.message
    succeed(context, job_id)
    job = await search.GetSearchJob(by_id("Get", job_id))
    assert SearchJob.model_validate(read_message(job)).report == REPORT

    async def listed(**query):
        page = await search.ListProposals(search_pb2.ListProposalsRequest(id=job_id, **query))
        found = [Proposal.model_validate(read_message(one)) for one in page.proposals]
        return found, page.next_page_token

    first, token = await listed(page_size=2)
    second, no_token = await listed(page_size=2, page_token=token)
    assert (first + second, no_token) == (FOUND, "")
    checked, _ = await listed(order_by=ORDER_BY.ORDER_BY_CHECK_RANK, locus="ab")
    assert [one.check_rank for one in checked] == [1, 2]
    assert [one.rank for one in (await listed(is_pareto=True))[0]] == [1, 3]
    assert [one.rank for one in (await listed(is_new_combination=True))[0]] == [2]
    assert [one.rank for one in (await listed(order=2))[0]] == [1, 3]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"order": 9}, "order"),
        ({"locus": ""}, "locus"),
        ({"order_by": 7}, "order_by"),
        ({"page_size": 0}, "page_size"),
    ],
)
async def test_proposals_that_cannot_be_asked_for(search, job_id, query, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await search.ListProposals(search_pb2.ListProposalsRequest(id=job_id, **query))
    assert [path for path, _ in failure.violations] == [field]


async def test_a_file_comes_in_parts(search, context, job_id, monkeypatch):
    monkeypatch.setattr(downloading, "PART_BYTES", 64)
    ask = File(id=job_id, file=File.FILE_PROPOSALS_TSV)
    async with fails(StatusCode.NOT_FOUND):
        await search.DownloadSearchFile(ask).read()
    succeed(context, job_id)
    parts = [part async for part in search.DownloadSearchFile(ask)]
    assert b"".join(part.content for part in parts) == CONTENT
    assert [len(part.content) for part in parts] == [64, 64, 12]
    assert parts[0].sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert [part.size_bytes for part in parts] == [len(CONTENT), 0, 0]
    async with fails(StatusCode.NOT_FOUND):  # the spec asked for no sheet
        await search.DownloadSearchFile(File(id=job_id, file=File.FILE_ORDER_SHEET_TSV)).read()


@pytest.mark.parametrize("file", [0, 9])
async def test_a_file_that_no_search_makes(search, job_id, file):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await search.DownloadSearchFile(File(id=job_id, file=file)).read()
    assert [path for path, _ in failure.violations] == ["file"]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"objectives": []}, "spec.objectives"),
        ({"objectives": [{"label": "growth", "weight": -1}]}, "spec.objectives[0].weight"),
        ({"objectives": [{"label": "yield"}]}, "spec.objectives[0].label"),
        ({"feasibility": [{"label": "growth"}]}, "spec.feasibility[0]"),
        ({"pool": {"allowed": [{"kinds": [99]}]}}, "spec.pool.allowed[0].kinds[0]"),
        (
            {"pool": {"forbidden_pairs": [{"names": ["b0720", ""]}]}},
            "spec.pool.forbidden_pairs[0].names[1]",
        ),
        ({"pool": {"edits": ["b0720:frobnicate"]}}, "spec.pool.edits[0]"),
        ({"pool": {"must_avoid": ["b9999"]}}, "spec.pool.must_avoid[0]"),
        ({"max_order": 9}, "spec.max_order"),
        ({"panel": {}}, "spec.panel.size"),
        (
            {"order_sheet": {"controls": {"genotypes": ["", "b9:deletion"]}}},
            "spec.order_sheet.controls.genotypes[1]",
        ),
        ({"strategy": 99}, "spec.strategy"),
    ],
)
async def test_a_wrong_spec_is_refused_by_the_path_of_its_field(search, model_id, spec, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await search.CreateSearchJob(create(model_id, **spec))
    assert [path for path, _ in failure.violations] == [field]


async def test_a_model_that_is_not_there(search):
    async with fails(StatusCode.NOT_FOUND):
        await search.CreateSearchJob(create("model_0"))


@pytest.mark.parametrize("kind", ["Get", "Cancel", "Resume", "Delete"])
async def test_a_search_that_is_not_there(search, kind):
    async with fails(StatusCode.NOT_FOUND):
        await getattr(search, f"{kind}SearchJob")(by_id(kind, "job_0"))
