"""Training jobs: checked against their data set, made once, stopped and taken up again."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from service.contract.datasets import DatasetState
from service.contract.errors import (
    ConflictError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
)
from service.contract.jobs import JobState, Queue
from service.contract.records import JobRecord
from service.contract.repositories import workers
from service.contract.sweeps import SweepSpec
from service.handlers.context import Caller
from service.handlers.requests import PageRequest
from service.handlers.sweeps import cancel_sweep, create_sweep
from service.handlers.training_jobs import TRAINING_JOBS, create_training_job
from tests.service.rows import add_dataset, add_training_job, claim, finish, training_spec

on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def database_kind():
    """Most of these laws hold whatever the database; `on_both` marks those that lean on it."""
    return "sqlite"


@pytest.fixture
def dataset_id(database):
    made, ingest_id = add_dataset(database)
    finish(database, claim(database, ingest_id))  # so that it does not wait
    return made


def live(context, worker_id, queue, gpu_count=0):
    with context.database.write() as session:
        told = {"queues": [queue], "host": "h", "pid": 1, "gpu_count": gpu_count}
        workers.beat(session, worker_id, **told)


@on_both
async def test_a_job_is_queued_and_rung(context, caller, dataset_id):
    job = create_training_job(context, caller, training_spec(dataset_id))
    assert job.state is JobState.QUEUED
    assert (job.fraction, job.attempt_count, job.model_id) == (0.0, 0, None)
    with context.database.read() as session:
        assert session.get_one(JobRecord, job.id).dispatch_time is not None


@on_both
async def test_fifty_posts_of_one_request_at_once_make_one_job(context, caller, dataset_id):
    request_id = "0f8fad5b-d9cb-469f-a165-70867728950e"

    def post(_):
        spec = training_spec(dataset_id)
        return create_training_job(context, caller, spec, request_id=request_id).id

    with ThreadPoolExecutor(50) as pool:
        made = set(pool.map(post, range(50)))
    assert len(made) == 1
    assert len(TRAINING_JOBS.list(context, caller, PageRequest()).items) == 1
    other = training_spec(dataset_id, seed=1)
    with pytest.raises(ConflictError):
        create_training_job(context, caller, other, request_id=request_id)


@on_both
async def test_of_sixteen_posts_at_once_as_many_are_taken_as_may_wait(context, caller, dataset_id):
    context.settings.max_queued_jobs = 1

    def post(_, **request):
        try:
            return create_training_job(context, caller, training_spec(dataset_id), **request).id
        except ResourceExhaustedError:
            return None

    with ThreadPoolExecutor(16) as pool:
        [waiting] = filter(None, pool.map(post, range(16)))
        TRAINING_JOBS.cancel(context, caller, waiting)
        request_id = "0f8fad5b-d9cb-469f-a165-70867728950e"
        made = set(pool.map(partial(post, request_id=request_id), range(16)))
    assert len(made) == 1  # each of the sixteen asked for it
    assert None not in made


async def test_more_jobs_than_may_wait_are_refused(context, caller, dataset_id):
    context.settings.max_queued_jobs = 2
    live(context, "w", Queue.TRAIN)
    for _ in range(2):
        waiting = create_training_job(context, caller, training_spec(dataset_id))
    with pytest.raises(ResourceExhaustedError, match="CELLGEBRA_MAX_QUEUED_JOBS"):
        create_training_job(context, caller, training_spec(dataset_id))
    assert TRAINING_JOBS.get(context, caller, waiting.id).queue_position == 2
    TRAINING_JOBS.cancel(context, caller, waiting.id)
    urgent = create_training_job(context, caller, training_spec(dataset_id, priority="high"))
    assert TRAINING_JOBS.get(context, caller, urgent.id).queue_position == 1
    with pytest.raises(FailedPreconditionError):
        TRAINING_JOBS.resume(context, caller, urgent.id)
    with pytest.raises(ResourceExhaustedError, match="CELLGEBRA_MAX_QUEUED_JOBS"):
        TRAINING_JOBS.resume(context, caller, waiting.id)
    assert TRAINING_JOBS.get(context, caller, waiting.id).state is JobState.CANCELLED
    TRAINING_JOBS.cancel(context, caller, urgent.id)
    assert TRAINING_JOBS.resume(context, caller, waiting.id).queue_position == 2


@on_both
async def test_a_job_is_resumed_only_if_whoever_made_it_has_room(context, caller, dataset_id):
    made = [create_training_job(context, caller, training_spec(dataset_id)).id for _ in range(8)]
    for job_id in made:
        TRAINING_JOBS.cancel(context, caller, job_id)
    context.settings.max_queued_jobs = 1
    colleague = Caller(caller.project_id, "colleague")

    def resume(job_id):
        try:
            return TRAINING_JOBS.resume(context, colleague, job_id)
        except ResourceExhaustedError:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert len(list(filter(None, pool.map(resume, made)))) == 1


@on_both
async def test_a_sweep_asks_for_room(context, caller, dataset_id):
    training = training_spec(dataset_id, model={"kind": "perturbation_set"})
    rate = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2}
    spec = SweepSpec.model_validate(
        {"training": training.model_dump(), "parameters": [rate], "max_trials": 5}
    )
    context.settings.max_queued_jobs = 1

    def post(request_id):
        return create_sweep(context, caller, spec, request_id=request_id).id

    assert post("r1") == post("r1")
    with pytest.raises(ResourceExhaustedError, match="CELLGEBRA_MAX_QUEUED_JOBS"):
        post("r2")
    with pytest.raises(ResourceExhaustedError):
        create_training_job(context, caller, training)
    cancel_sweep(context, caller, post("r1"))
    post("r2")


async def test_names_that_the_data_set_lacks_are_all_listed(context, caller, dataset_id):
    spec = training_spec(
        dataset_id,
        labels=[{"name": "titre"}, {"name": "titer"}],
        split={"kind": "covariate", "covariate": "cycle", "test": ["5", "6"], "train": ["O"]},
    )
    with pytest.raises(InvalidArgumentError) as caught:
        create_training_job(context, caller, spec)
    fields = {offender.field: offender for offender in caught.value.offenders}
    assert set(fields) == {"labels[0].name", "split.test[1]", "split.train[0]"}
    assert fields["labels[0].name"].suggestions == ["titer"]
    assert "0, 5" in fields["split.test[1]"].message


@pytest.mark.parametrize(
    ("split", "field"),
    [
        ({"kind": "condition", "test": ["6"]}, "split.test[0]"),
        ({"kind": "forward", "test": "6"}, "split.test"),
        ({"kind": "query_pair", "test": ["6"]}, "split.test[0]"),
    ],
)
async def test_a_value_that_the_covariate_of_a_split_lacks(
    context, caller, dataset_id, split, field
):
    spec = training_spec(dataset_id, split={"covariate": "cycle", **split})
    with pytest.raises(InvalidArgumentError) as caught:
        create_training_job(context, caller, spec)
    assert [offender.field for offender in caught.value.offenders] == [field]


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "covariate", "test": ["5"]},
        {"kind": "condition", "test": ["5"]},
        {"kind": "forward", "folds": 2},
        {"kind": "query_pair"},
    ],
)
async def test_a_covariate_that_the_data_set_lacks(context, caller, dataset_id, split):
    split = {"covariate": "cycles", **split}
    with pytest.raises(InvalidArgumentError) as caught:
        create_training_job(context, caller, training_spec(dataset_id, split=split))
    assert caught.value.offenders[0].suggestions == ["cycle"]


async def test_a_data_set_has_to_be_ready(context, caller, database):
    dataset_id, _ = add_dataset(database, state=DatasetState.INGESTING)
    with pytest.raises(FailedPreconditionError):
        create_training_job(context, caller, training_spec(dataset_id))


async def test_a_data_set_of_another_project_is_not_there(context, stranger, dataset_id):
    with pytest.raises(NotFoundError):
        create_training_job(context, stranger, training_spec(dataset_id))


@on_both
async def test_the_same_request_twice_is_once(context, caller, dataset_id):
    spec = training_spec(dataset_id)
    first = create_training_job(context, caller, spec, request_id="r1")
    second = create_training_job(context, caller, spec, request_id="r1")
    assert second.id == first.id
    with pytest.raises(ConflictError):
        create_training_job(context, caller, training_spec(dataset_id, seed=1), request_id="r1")


@on_both
async def test_lists_are_filtered_and_paged(context, caller, stranger, database, dataset_id):
    made = [create_training_job(context, caller, training_spec(dataset_id)).id for _ in range(5)]
    TRAINING_JOBS.cancel(context, caller, made[0])
    add_training_job(database)
    first = TRAINING_JOBS.list(
        context, caller, PageRequest(2), subject_id=dataset_id, state=JobState.QUEUED
    )
    rest = TRAINING_JOBS.list(
        context,
        caller,
        PageRequest(2, first.next_page_token),
        subject_id=dataset_id,
        state=JobState.QUEUED,
    )
    assert [job.id for job in first.items + rest.items] == made[:0:-1]
    assert rest.next_page_token is None
    assert TRAINING_JOBS.list(context, stranger, PageRequest()).items == []


@on_both
async def test_cancel_and_resume(context, caller, dataset_id):
    job = create_training_job(context, caller, training_spec(dataset_id))
    cancelled = TRAINING_JOBS.cancel(context, caller, job.id)
    assert cancelled.state is JobState.CANCELLED
    assert cancelled.end_time is not None
    resumed = TRAINING_JOBS.resume(context, caller, job.id)
    assert (resumed.state, resumed.end_time) == (JobState.QUEUED, None)
    with pytest.raises(FailedPreconditionError):
        TRAINING_JOBS.resume(context, caller, job.id)


@on_both
async def test_a_running_job_is_cancelling(context, caller, database):
    job_id = add_training_job(database)
    lease = claim(database, job_id)
    job = TRAINING_JOBS.cancel(context, caller, job_id)
    assert job.state is JobState.CANCELLING
    finish(database, lease, JobState.CANCELLED)
    assert TRAINING_JOBS.get(context, caller, job_id).state is JobState.CANCELLED


async def test_the_outcome_is_shown(context, caller, database):
    job_id = add_training_job(database)
    result = {"model_id": "model_1", "report": {"spearman": 0.5}}
    finish(database, claim(database, job_id), result=result)
    job = TRAINING_JOBS.get(context, caller, job_id)
    assert (job.state, job.model_id, job.report) == ("SUCCEEDED", "model_1", result["report"])
    assert job.fraction == 1.0


async def test_events_of_another_project_are_not_there(context, stranger, database):
    with pytest.raises(NotFoundError):
        await TRAINING_JOBS.follow(context, stranger, add_training_job(database))


async def test_events_start_only_where_the_job_has_been(context, caller, database):
    with pytest.raises(InvalidArgumentError):
        await TRAINING_JOBS.follow(context, caller, add_training_job(database), after=2)


@on_both
async def test_a_job_that_no_live_worker_can_take_says_so(context, caller, dataset_id):
    def reason():
        shown = TRAINING_JOBS.get(context, caller, job.id)
        assert (shown.queue_position is None) == (shown.queue_reason is not None)
        return shown.queue_reason

    spec = training_spec(dataset_id, resources={"gpus": 2}, model={"kind": "perturbation_set"})
    job = create_training_job(context, caller, spec)
    assert job.queue_reason == reason() == "no train worker is alive"
    live(context, "a", Queue.SEARCH, 8)
    live(context, "b", Queue.TRAIN, 0)
    assert reason() == "it asks for 2 GPUs, and the live train worker that has most has none"
    live(context, "c", Queue.TRAIN, 1)
    [listed] = TRAINING_JOBS.list(context, caller, PageRequest(10, None)).items
    told = "it asks for 2 GPUs, and the live train worker that has most has 1"
    assert listed.queue_reason == told
    live(context, "d", Queue.TRAIN, 2)
    assert reason() is None
    with context.database.write() as session:
        workers.forget_worker(session, "d")
    assert TRAINING_JOBS.cancel(context, caller, job.id).queue_reason is None
    assert TRAINING_JOBS.resume(context, caller, job.id).queue_reason == told
