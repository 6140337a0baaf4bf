"""Data sets over gRPC: uploads whole and broken off, pages, deletion, and asking wrongly."""

import asyncio
import hashlib
from uuid import uuid4

import pytest
from grpc import StatusCode

from service.contract.errors import BadTableError, Offender
from service.contract.jobs import JobState
from service.contract.resources import Dataset
from service.handlers.datasets import get_dataset
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import datasets_pb2, datasets_pb2_grpc, training_pb2
from tests.service.rows import claim, finish
from tests.service.rpc.statuses import fails
from tests.service.rpc.uploads import nothing_is_left, parts

TABLE = b"genotype\ttiter\nPP_1:deletion\t3\n"
LABEL = {
    "name": "titer",
    "kind": datasets_pb2.LABEL_KIND_TITER,
    "scale": datasets_pb2.LABEL_SCALE_LOG,
    "unit": "mg/L",
}
SPEC = {"design": {"genotype": {}}, "labels": [LABEL]}


@pytest.fixture
def datasets(channel):
    return datasets_pb2_grpc.DatasetServiceStub(channel)


@pytest.fixture
def upload(datasets):
    async def create(content=TABLE, chunk_bytes=7, **header):
        given = datasets_pb2.DatasetHeader(**{"spec": SPEC, **header})
        return await datasets.CreateDataset(
            parts(datasets_pb2.CreateDatasetRequest, given, content, chunk_bytes)
        )

    return create


@pytest.fixture
def listed(datasets):
    async def ids(**query):
        page = await datasets.ListDatasets(datasets_pb2.ListDatasetsRequest(**query))
        return [dataset.id for dataset in page.datasets], page.next_page_token

    return ids


def get(dataset_id):
    return datasets_pb2.GetDatasetRequest(id=dataset_id)


def delete(dataset_id, **how):
    return datasets_pb2.DeleteDatasetRequest(id=dataset_id, **how)


async def test_an_upload_is_stored_and_read_back(datasets, upload, context, caller):
    sha256 = hashlib.sha256(TABLE).hexdigest()
    made = await upload(name="my table", size_bytes=len(TABLE), sha256=sha256)
    assert (made.state, made.name) == (datasets_pb2.DATASET_STATE_INGESTING, "my table")
    assert (made.source_sha256, made.size_bytes) == (sha256, len(TABLE))
    assert context.store.read(sha256) == TABLE
    assert await datasets.GetDataset(get(made.id)) == made
    received = Dataset.model_validate(read_message(made))
    assert received == get_dataset(context, caller, made.id)


async def test_a_ready_data_set_has_its_profile(datasets, context, caller, dataset_id):
    found = await datasets.GetDataset(get(dataset_id))
    assert found.state == datasets_pb2.DATASET_STATE_READY
    assert dict(found.profile.covariates["cycle"].counts) == {"0": 3, "5": 2}
    assert dict(found.profile.rows_per_order) == {1: 5}
    received = Dataset.model_validate(read_message(found))
    assert received == get_dataset(context, caller, dataset_id)


async def test_pages_and_filters(upload, listed, dataset_id):
    made = [(await upload(TABLE + str(number).encode())).id for number in range(3)]
    newest, token = await listed(page_size=2)
    oldest, no_token = await listed(page_size=2, page_token=token)
    assert newest + oldest == [*reversed(made), dataset_id]
    assert no_token == ""
    assert (await listed(state=datasets_pb2.DATASET_STATE_READY))[0] == [dataset_id]


async def test_the_same_request_makes_one_data_set(upload, listed):
    request_id = str(uuid4())
    made = [(await upload(request_id=request_id)).id for _ in range(2)]
    assert made[0] == made[1]
    async with fails(StatusCode.ALREADY_EXISTS) as failure:
        await upload(TABLE + b"more", request_id=request_id)
    assert failure.reason == "REQUEST_ID_REUSED"
    assert (await listed())[0] == made[:1]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"spec": {"design": {"genotype": {}}}}, "header.spec"),
        ({"spec": {}}, "header.spec"),
        ({"spec": {**SPEC, "labels": [{"name": "titer"}]}}, "header.spec.labels[0].kind"),
        ({"spec": {**SPEC, "design": {"edits": {}}}}, "header.spec.design.edits.columns"),
        ({"spec": {**SPEC, "design": {}}}, "header.spec.design"),
        ({"name": "", "spec": {**SPEC, "format": 9}}, "header.spec.format"),
        ({"name": ""}, "header.name"),
        ({"request_id": "7"}, "header.request_id"),
        ({"sha256": "A" * 64}, "header.sha256"),
        ({"size_bytes": -1}, "header.size_bytes"),
    ],
)
async def test_a_wrong_header_is_refused_by_the_path_of_its_field(upload, listed, header, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await upload(**header)
    assert field in [path for path, _ in failure.violations]
    assert (await listed())[0] == []


@pytest.mark.parametrize(
    ("content", "header", "expected"),
    [
        (b"", {}, ("empty", "INVALID_ARGUMENT")),
        (TABLE, {"size_bytes": 5}, ("31 of 5 bytes", "INVALID_ARGUMENT")),
        (TABLE, {"sha256": "0" * 64}, ("sha256", "INVALID_ARGUMENT")),
        (TABLE, {"size_bytes": 4 * 2**20 + 1}, ("larger than", "UPLOAD_TOO_LARGE")),
        (TABLE, {"name": "a\0b"}, ("NUL", "INVALID_ARGUMENT")),
    ],
)
async def test_bytes_that_are_not_those_announced(upload, listed, content, header, expected):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await upload(content, **header)
    text, reason = expected
    assert text in failure.message
    assert failure.reason == reason
    assert (await listed())[0] == []


async def test_an_upload_beyond_the_limit(upload, listed, settings):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await upload(bytes(64 * 2**20), chunk_bytes=2**20)
    assert failure.reason == "UPLOAD_TOO_LARGE"
    await nothing_is_left(settings)
    assert (await listed())[0] == []


async def test_what_is_refused_by_its_header_need_not_be_sent(datasets):
    call = datasets.CreateDataset()
    header = {"spec": SPEC, "size_bytes": 10**12}
    await call.write(datasets_pb2.CreateDatasetRequest(header=header))
    async with fails(StatusCode.INVALID_ARGUMENT) as failure, asyncio.timeout(10):
        await call
    assert failure.reason == "UPLOAD_TOO_LARGE"


async def test_a_sender_that_does_not_look_up_hears_why_it_was_refused(upload, listed):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await upload(bytes(2**26), chunk_bytes=2**16, spec={})
    assert failure.violations[0][0] == "header.spec"
    assert (await listed())[0] == []


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"chunk": TABLE}],
        [{}],
        [{"header": {"spec": SPEC}}, {"header": {"spec": SPEC}}],
        [{"header": {"spec": SPEC}}, {"chunk": TABLE}, {}],
    ],
)
async def test_messages_out_of_order(datasets, listed, messages):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await datasets.CreateDataset(
            datasets_pb2.CreateDatasetRequest(**message) for message in messages
        )
    assert "message of an upload" in failure.message
    assert (await listed())[0] == []


async def test_an_upload_that_is_broken_off_leaves_nothing(datasets, listed, settings):
    call = datasets.CreateDataset()
    await call.write(datasets_pb2.CreateDatasetRequest(header={"spec": SPEC}))
    for _ in range(2):
        await call.write(datasets_pb2.CreateDatasetRequest(chunk=bytes(2**20)))
    incoming = settings.artifact_dir / "incoming"
    async with asyncio.timeout(30):
        while not incoming.exists() or not list(incoming.iterdir()):
            await asyncio.sleep(0.01)
    call.cancel()
    await nothing_is_left(settings)
    assert (await listed())[0] == []


async def test_a_failed_ingest_is_an_error_with_rows(upload, datasets, context):
    request_id = str(uuid4())
    made = await upload(request_id=request_id)
    with context.database.read() as session:
        job_id = session.connection().exec_driver_sql("SELECT id FROM jobs").scalar_one()
    error = BadTableError("1 bad row", [Offender(message="not a number", row=3, column="titer")])
    finish(
        context.database,
        claim(context.database, job_id),
        JobState.FAILED,
        error=error.as_problem(),
    )
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await upload(request_id=request_id)
    assert failure.reason == "BAD_TABLE"
    assert failure.violations == [("", "row 3, column titer: not a number")]
    assert failure.info["dataset_id"] == made.id
    kept = await datasets.GetDataset(get(made.id))
    assert kept.state == datasets_pb2.DATASET_STATE_FAILED
    assert kept.error.errors[0].row == 3


async def test_a_data_set_is_deleted_with_what_needs_it_if_asked(
    datasets, training, context, add_dataset
):
    dataset_id = add_dataset()
    with context.database.read() as session:
        job_id = session.connection().exec_driver_sql("SELECT id FROM jobs").scalar_one()
    finish(context.database, claim(context.database, job_id))
    spec = training_pb2.TrainingSpec(dataset_id=dataset_id, labels=[{"name": "titer"}])
    job = await training.CreateTrainingJob(training_pb2.CreateTrainingJobRequest(spec=spec))
    await training.CancelTrainingJob(training_pb2.CancelTrainingJobRequest(id=job.id))
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await datasets.DeleteDataset(delete(dataset_id))
    assert job.id in failure.message + str(failure.violations)
    await datasets.DeleteDataset(delete(dataset_id, cascade=True))
    async with fails(StatusCode.NOT_FOUND):
        await training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id=job.id))
    async with fails(StatusCode.NOT_FOUND):
        await datasets.GetDataset(get(dataset_id))


async def test_its_ingest_is_cancelled(datasets, add_dataset):
    cancelled = await datasets.CancelDataset(
        datasets_pb2.CancelDatasetRequest(id=add_dataset(is_ready=False))
    )
    assert cancelled.state == datasets_pb2.DATASET_STATE_FAILED
    assert cancelled.error.reason == "INGEST_CANCELLED"


@pytest.mark.parametrize("dataset_id", ["dataset_0", ""])
async def test_a_data_set_that_is_not_there(datasets, dataset_id):
    async with fails(StatusCode.NOT_FOUND):
        await datasets.GetDataset(get(dataset_id))
    async with fails(StatusCode.NOT_FOUND):
        await datasets.DeleteDataset(delete(dataset_id))


async def test_an_id_with_nul_is_refused(datasets):
    for call, request in [(datasets.GetDataset, get), (datasets.DeleteDataset, delete)]:
        async with fails(StatusCode.INVALID_ARGUMENT) as failure:
            await call(request("dataset_1\0"))
        assert [path for path, _ in failure.violations] == ["id"]


@pytest.mark.parametrize(
    ("query", "field"),
    [({"page_size": 0}, "page_size"), ({"page_size": 1001}, "page_size"), ({"state": 9}, "state")],
)
async def test_a_page_that_cannot_be(listed, query, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await listed(**query)
    assert [path for path, _ in failure.violations] == [field]


async def test_a_token_of_our_own_making(listed):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await listed(page_token="x")  # noqa: S106
    assert "page_token" in failure.message
