"""Training jobs over gRPC: the life of a job, and every way to ask for it wrongly."""

import asyncio
from uuid import uuid4

import pytest
from grpc import StatusCode

from service.contract.records import ModelRecord
from service.contract.resources import TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.access import LOCAL
from service.handlers.training_jobs import TRAINING_JOBS
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, training_pb2
from tests.service.rows import add_model, claim, finish
from tests.service.rpc.statuses import fails

LABELS = [{"name": "titer"}]


def create(dataset_id, request_id="", **spec):
    given = training_pb2.TrainingSpec(dataset_id=dataset_id, **{"labels": LABELS, **spec})
    return training_pb2.CreateTrainingJobRequest(spec=given, request_id=request_id)


def by_id(kind, job_id):
    return getattr(training_pb2, f"{kind}TrainingJobRequest")(id=job_id)


async def test_a_job_from_create_to_resume(training, dataset_id):
    created = await training.CreateTrainingJob(create(dataset_id, epochs=7))
    assert created.state == jobs_pb2.JOB_STATE_QUEUED
    assert await training.GetTrainingJob(by_id("Get", created.id)) == created

    for _ in range(2):  # cancelling twice is once
        cancelled = await training.CancelTrainingJob(by_id("Cancel", created.id))
        assert cancelled.state == jobs_pb2.JOB_STATE_CANCELLED
        assert cancelled.end_time.ToDatetime() >= created.create_time.ToDatetime()

    resumed = await training.ResumeTrainingJob(by_id("Resume", created.id))
    assert resumed.state == jobs_pb2.JOB_STATE_QUEUED
    assert not resumed.HasField("end_time")


async def test_a_job_is_sent_as_the_handler_gives_it(training, context, dataset_id):
    asked = create(dataset_id, loss={"terms": [{"mse": {}}, {"supcr": {"temperature": 2}}]})
    message = await training.CreateTrainingJob(asked)
    received = TrainingJob.model_validate(read_message(message))
    assert received == TRAINING_JOBS.get(context, LOCAL, message.id)
    assert received.spec == TrainingSpec(
        dataset_id=dataset_id,
        labels=LABELS,
        loss={"terms": [{"name": "mse"}, {"name": "supcr", "temperature": 2}]},
    )


async def test_a_repeated_request_makes_one_job(training, dataset_id):
    request_id = str(uuid4())
    requests = [create(dataset_id, request_id) for _ in range(3)]
    made = await asyncio.gather(*(training.CreateTrainingJob(each) for each in requests))
    assert len({job.id for job in made}) == 1

    async with fails(StatusCode.ALREADY_EXISTS) as failure:
        await training.CreateTrainingJob(create(dataset_id, request_id, epochs=3))
    assert failure.reason == "REQUEST_ID_REUSED"
    assert request_id in failure.message


async def test_pages_and_filters(training, add_dataset):
    first, second = add_dataset(), add_dataset()
    made = [await training.CreateTrainingJob(create(first)) for _ in range(3)]
    other = await training.CreateTrainingJob(create(second))
    await training.CancelTrainingJob(by_id("Cancel", made[1].id))

    async def ids(**query):
        page = await training.ListTrainingJobs(training_pb2.ListTrainingJobsRequest(**query))
        return [job.id for job in page.training_jobs], page.next_page_token

    newest, token = await ids(page_size=3)
    oldest, no_token = await ids(page_size=3, page_token=token)
    assert newest + oldest == [job.id for job in [other, *reversed(made)]]
    assert no_token == ""
    assert (await ids(dataset_id=second))[0] == [other.id]
    assert (await ids(state=jobs_pb2.JOB_STATE_CANCELLED))[0] == [made[1].id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"state": 99}, "state"),
    ],
)
async def test_a_page_that_cannot_be(training, query, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await training.ListTrainingJobs(training_pb2.ListTrainingJobsRequest(**query))
    assert [path for path, _ in failure.violations] == [field]


async def test_a_token_of_our_own_making(training):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await training.ListTrainingJobs(training_pb2.ListTrainingJobsRequest(page_token="x"))  # noqa: S106
    assert "page_token" in failure.message


@pytest.mark.parametrize("kind", ["Get", "Cancel", "Resume"])
@pytest.mark.parametrize("job_id", ["job_0", ""])
async def test_a_job_that_is_not_there(training, kind, job_id):
    async with fails(StatusCode.NOT_FOUND) as failure:
        await getattr(training, f"{kind}TrainingJob")(by_id(kind, job_id))
    assert failure.reason == "NOT_FOUND"


@pytest.mark.parametrize("kind", ["Get", "Cancel", "Resume"])
async def test_an_id_with_nul_is_refused(training, kind):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await getattr(training, f"{kind}TrainingJob")(by_id(kind, "job_1\0"))
    assert [path for path, _ in failure.violations] == ["id"]


async def test_a_queued_job_cannot_be_resumed(training, dataset_id):
    job = await training.CreateTrainingJob(create(dataset_id))
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await training.ResumeTrainingJob(by_id("Resume", job.id))
    assert failure.reason == "WRONG_STATE"


async def test_a_data_set_that_is_not_there_or_not_ready(training, add_dataset):
    async with fails(StatusCode.NOT_FOUND):
        await training.CreateTrainingJob(create("dataset_0"))
    ingesting = add_dataset(is_ready=False)
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await training.CreateTrainingJob(create(ingesting))
    assert "INGESTING" in failure.message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"labels": []}, "spec.labels"),
        ({"labels": [{"weight": 2}]}, "spec.labels[0].name"),
        ({"labels": [{"name": "titer", "weight": -1}]}, "spec.labels[0].weight"),
        ({"split": {"random": {"test_fraction": 0}}}, "spec.split.random.test_fraction"),
        ({"split": {"covariate": {"covariate": "cycle"}}}, "spec.split.covariate.test"),
        ({"split": {}}, "spec.split"),
        (
            {"model": {"perturbation_set": {"latent_dim": 1}}},
            "spec.model.perturbation_set.latent_dim",
        ),
        ({"loss": {"terms": [{"mse": {"weight": -1}}]}}, "spec.loss.terms[0].mse.weight"),
        ({"loss": {"terms": [{"mse": {}}, {}]}}, "spec.loss.terms[1]"),
        ({"loss": {"terms": [{"dist": {}}]}}, "spec.loss"),
        ({"name": ""}, "spec.name"),
        ({"device": 9}, "spec.device"),
        # These two are the handler's, not the schema's.
        ({"labels": [{"name": "yield"}]}, "spec.labels[0].name"),
        (
            {"split": {"covariate": {"covariate": "cycle", "test": ["5", "7"]}}},
            "spec.split.covariate.test[1]",
        ),
    ],
)
async def test_a_wrong_spec_is_refused_by_the_path_of_its_field(training, dataset_id, spec, field):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await training.CreateTrainingJob(create(dataset_id, **spec))
    assert [path for path, _ in failure.violations] == [field]
    page = await training.ListTrainingJobs(training_pb2.ListTrainingJobsRequest())
    assert not page.training_jobs


async def test_every_violation_is_listed(training, dataset_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await training.CreateTrainingJob(create(dataset_id, "no-uuid", epochs=0, batch_size=1))
    assert {path for path, _ in failure.violations} == {
        "spec.epochs",
        "spec.batch_size",
        "request_id",
    }


async def test_a_request_without_a_spec(training):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await training.CreateTrainingJob(training_pb2.CreateTrainingJobRequest())
    assert failure.violations == [("spec", "the field is required")]


async def test_a_job_that_has_ended_can_be_deleted(training, dataset_id):
    job = await training.CreateTrainingJob(create(dataset_id))
    async with fails(StatusCode.FAILED_PRECONDITION):
        await training.DeleteTrainingJob(by_id("Delete", job.id))
    await training.CancelTrainingJob(by_id("Cancel", job.id))
    await training.DeleteTrainingJob(by_id("Delete", job.id))
    async with fails(StatusCode.NOT_FOUND):
        await training.GetTrainingJob(by_id("Get", job.id))


async def test_a_job_with_a_model_goes_with_it_by_cascade_alone(training, database, context):
    model_id = add_model(context)
    with database.read() as session:
        job_id = session.get_one(ModelRecord, model_id).job_id
    finish(database, claim(database, job_id))
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await training.DeleteTrainingJob(by_id("Delete", job_id))
    assert model_id in failure.message + str(failure.violations)
    await training.DeleteTrainingJob(training_pb2.DeleteTrainingJobRequest(id=job_id, cascade=True))
    with database.read() as session:
        assert session.get(ModelRecord, model_id) is None
