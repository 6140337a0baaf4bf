"""Training jobs over HTTP, and the stream of their events on a real socket."""

import threading

import httpx
import pytest

from service.contract.database import Database
from service.contract.jobs import JobEvent
from tests.service.rest.conftest import running
from tests.service.rows import add_dataset, add_training_job, claim, finish


@pytest.fixture
def spec(database):
    return {"dataset_id": add_dataset(database)[0], "labels": [{"name": "titer"}]}


async def test_the_life_of_a_job(rest, spec):
    created = await rest.post("/v1/training-jobs", json=spec)
    assert created.status_code == 201
    job = created.json()
    assert job["state"] == "QUEUED"
    assert (await rest.get(created.headers["location"])).json()["id"] == job["id"]
    cancelled = await rest.post(f"/v1/training-jobs/{job['id']}:cancel")
    assert cancelled.json()["state"] == "CANCELLED"
    resumed = await rest.post(f"/v1/training-jobs/{job['id']}:resume")
    assert resumed.json()["state"] == "QUEUED"
    again = await rest.post(f"/v1/training-jobs/{job['id']}:resume")
    assert (again.status_code, again.json()["code"]) == (409, "FAILED_PRECONDITION")
    listed = (await rest.get("/v1/training-jobs", params={"state": "QUEUED"})).json()
    assert [item["id"] for item in listed["items"]] == [job["id"]]


async def test_a_create_is_idempotent(rest, spec):
    query = {"request_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    first = await rest.post("/v1/training-jobs", params=query, json=spec)
    second = await rest.post("/v1/training-jobs", params=query, json=spec)
    assert first.json()["id"] == second.json()["id"]
    other = await rest.post("/v1/training-jobs", params=query, json={**spec, "seed": 5})
    assert other.status_code == 409


async def test_a_data_set_that_is_not_there(rest, spec):
    response = await rest.post("/v1/training-jobs", json={**spec, "dataset_id": "dataset_0"})
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("action", ["", ":cancel", ":resume", "/events"])
async def test_a_job_that_is_not_there(rest, action):
    method = "POST" if action.startswith(":") else "GET"
    response = await rest.request(method, f"/v1/training-jobs/job_0{action}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("last_event_id", ["x", "-1", "2", "1.5", "9" * 30])
async def test_ids_that_no_event_has(rest, database, last_event_id):
    path = f"/v1/training-jobs/{add_training_job(database)}/events"
    response = await rest.get(path, headers={"Last-Event-ID": last_event_id})
    assert (response.status_code, response.json()["reason"]) == (400, "BAD_LAST_EVENT_ID")


def events_of(text):
    """The events of a stream as dictionaries of their lines."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


def test_a_stream_on_a_socket(live_url, settings, database):
    job_id = add_training_job(database)
    lease = claim(database, job_id)
    path = f"{live_url}/v1/training-jobs/{job_id}/events"
    threading.Timer(0.3, finish, [Database(settings.resolved_database_url), lease]).start()
    response = httpx.get(path, headers={"Last-Event-ID": "1"}, timeout=20)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response.text)
    assert [event["id"] for event in events] == ["2", "3"]
    assert [event["event"] for event in events] == ["state", "state"]
    told = JobEvent.model_validate_json(events[-1]["data"])
    assert (told.sequence, told.data) == (3, {"state": "SUCCEEDED"})


def test_open_streams_do_not_hold_the_shutdown_up(settings, database):
    job_id = add_training_job(database)
    with running(settings) as (server, url):
        path = f"{url}/v1/training-jobs/{job_id}/events"
        with httpx.stream("GET", path, timeout=20) as response:
            lines = response.iter_lines()
            assert next(lines).startswith("event:")
            server.should_exit = True
            # The stream ends as a stream should: one that held out is cut off, which is an error.
            rest = list(lines)
    assert rest
