"""What a scrape says after requests of both doors: laws of counts, and labels that stay few."""

import time
import urllib.error
import urllib.request

import grpc
import pytest
from sqlalchemy import text

from service.contract.errors import UnavailableError
from service.contract.jobs import Queue
from service.contract.repositories import workers
from service.metrics.fleet import FleetCollector
from service.metrics.listener import MetricsListener
from service.rpc.pb.cellgebra.v1 import training_pb2
from tests.service import rows

JOB = "/v1/training-jobs/{job_id}"
SCORE = "/v1/models/{model_id}:score"


def rest_requests(scraped):
    return {
        tuple(value for _, value in labels): count
        for (name, *labels), count in scraped.items()
        if name == "cellgebra_rest_requests_total"
    }


async def test_requests_are_counted_by_route_and_status(rest, scrape):
    for number in range(3):
        await rest.get(f"/v1/training-jobs/job_{number}")
    await rest.get("/health/live")
    scraped = scrape()
    assert rest_requests(scraped) == {("GET", JOB, "404"): 3, ("GET", "/health/live", "200"): 1}
    labels = (("method", "GET"), ("route", JOB))
    assert scraped["cellgebra_rest_request_seconds_count", *labels] == 3
    assert 0 < scraped["cellgebra_rest_request_seconds_sum", *labels] < 3
    told = (("code", "NOT_FOUND"), ("door", "rest"), ("reason", "NOT_FOUND"))
    assert scraped["cellgebra_errors_total", *told] == 3


async def test_the_short_way_to_scores_has_the_route_of_the_long_one(rest, scrape):
    body = {"genotypes": ["a:deletion"]}
    await rest.post("/v1/models/model_1:score", json=body)  # answered before the router
    await rest.post("/v1/models/model_1:score?x=1", json=body)
    assert rest_requests(scrape()) == {("POST", SCORE, "404"): 2}


async def test_what_a_caller_writes_is_no_label(rest, scrape):
    for number in range(20):
        await rest.get(f"/nowhere/{number}")
        await rest.request(f"VERB{number}", "/v1/models")
    found = rest_requests(scrape())
    assert sum(found.values()) == 40
    assert {(method, route) for method, route, _ in found} <= {
        ("GET", "unknown"),
        ("unknown", "unknown"),
        ("unknown", "/v1/models"),
    }


async def test_calls_are_counted_by_method_and_code(training, scrape):
    for _ in range(2):
        with pytest.raises(grpc.aio.AioRpcError):
            await training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id="job_1"))
    await training.ListTrainingJobs(training_pb2.ListTrainingJobsRequest())
    scraped = scrape()
    service = "cellgebra.v1.TrainingService"
    get, listing = f"{service}/GetTrainingJob", f"{service}/ListTrainingJobs"
    name = "cellgebra_rpc_requests_total"
    assert scraped[name, ("code", "NOT_FOUND"), ("method", get)] == 2
    assert scraped[name, ("code", "OK"), ("method", listing)] == 1
    assert scraped["cellgebra_rpc_request_seconds_count", ("method", get)] == 2
    told = (("code", "NOT_FOUND"), ("door", "rpc"), ("reason", "NOT_FOUND"))
    assert scraped["cellgebra_errors_total", *told] == 2


async def test_jobs_and_queues_are_those_of_the_rows(context, scrape):
    before = scrape()
    assert before["cellgebra_queue_oldest_seconds", ("queue", "batch")] == 0
    rows.add_dataset(context.database)  # with its ingest
    for _ in range(2):
        rows.add_training_job(context.database)
    time.sleep(0.05)
    scraped = scrape()
    jobs = {key: value for key, value in scraped.items() if key[0] == "cellgebra_jobs"}
    assert jobs == {
        ("cellgebra_jobs", ("kind", "ingest"), ("state", "QUEUED")): 1,
        ("cellgebra_jobs", ("kind", "training"), ("state", "QUEUED")): 2,
    }
    assert scraped["cellgebra_queue_jobs", ("queue", "train")] == 2
    assert scraped["cellgebra_queue_jobs", ("queue", "search")] == 0
    assert scraped["cellgebra_queue_jobs", ("queue", "batch")] == 1
    assert 0.05 <= scraped["cellgebra_queue_oldest_seconds", ("queue", "train")] < 20


async def test_a_queue_without_a_live_worker_says_none(context, scrape):
    with context.database.write() as session:
        for name, queues in (("w1", [Queue.TRAIN]), ("w2", [Queue.TRAIN, Queue.BATCH])):
            workers.beat(session, name, queues=queues, host="h", pid=1)
    with context.database.write() as session:
        session.execute(
            text("UPDATE workers SET heartbeat_time = '2026-01-01 00:00:00' WHERE id = 'w1'")
        )
    scraped = scrape()
    counts = {key[1][1]: value for key, value in scraped.items() if key[0] == "cellgebra_workers"}
    assert counts == {"train": 1, "inference": 0, "batch": 1, "search": 0, "scoring": 0}
    silent = scraped["cellgebra_worker_silent_seconds", ("host", "h"), ("worker", "w1")]
    assert silent > 86_400


async def test_a_scrape_outlives_the_database_and_the_broker(context, settings, scrape):
    with context.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO hidden"))
    assert scrape()["cellgebra_database_up",] == 0

    def away():
        raise UnavailableError("the broker does not answer")

    families = list(FleetCollector(settings, context.database, away).collect())
    assert {"cellgebra_database_up": 0, "cellgebra_broker_up": 0}.items() <= {
        family.name: family.samples[0].value for family in families
    }.items()


async def test_the_port_shows_metrics_and_nothing_else(context, scrape):
    scraped = scrape()
    assert scraped["cellgebra_disk_free_bytes",] > 0
    assert any(key[0] == "cellgebra_build_info" for key in scraped)
    url = f"http://127.0.0.1:{context.scrapes.port}/v1/models"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url, timeout=10)


async def test_tasks_of_scores_are_measured(context, scrape):
    context.metrics.score_task(3, 40)
    scraped = scrape()
    assert scraped["cellgebra_score_task_requests_bucket", ("le", "2.0")] == 0
    assert scraped["cellgebra_score_task_requests_bucket", ("le", "4.0")] == 1
    assert scraped["cellgebra_score_task_designs_sum",] == 40


async def test_a_taken_port_is_an_error_that_names_the_setting(context, settings):
    taken = settings.model_copy(update={"metrics_port": context.scrapes.port})
    with pytest.raises(OSError, match="CELLGEBRA_METRICS_PORT"):
        MetricsListener(taken, context.metrics.registry).start()
