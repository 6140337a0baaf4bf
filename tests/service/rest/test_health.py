"""Live is the process; ready is every part that work needs."""

import os

from service.contract.jobs import Queue
from service.contract.repositories.workers import beat


def start_workers(database, queues=tuple(Queue)):
    with database.write() as session:
        beat(session, "worker@here", queues=queues, host="here", pid=os.getpid())


async def test_live(rest):
    response = await rest.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"live": True})


async def test_ready_with_a_worker_of_every_queue(rest, database):
    start_workers(database)
    response = await rest.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "database": "up",
        "broker": "up",
        "queues": dict.fromkeys(Queue, True),
    }


async def test_not_ready_without_a_queue(rest, database):
    start_workers(database, [Queue.TRAIN, Queue.INFERENCE])
    response = await rest.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["queues"]["batch"] is False


async def test_only_queues_of_the_settings_count(rest, context, database):
    context.settings.queues = (Queue.INFERENCE,)
    start_workers(database, [Queue.INFERENCE])
    assert (await rest.get("/health/ready")).status_code == 200


async def test_not_ready_without_the_database(rest, context, tmp_path):
    (tmp_path / "cellgebra.db").write_bytes(b"not a database, but long enough to be looked at" * 99)
    context.database.engine.dispose()
    response = await rest.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["database"] == "down"


async def test_not_ready_without_the_broker(rest, context, database):
    start_workers(database)
    context.dispatcher._redis.connection_pool.connection_kwargs["path"] = "/nowhere/s"
    context.dispatcher._redis.connection_pool.disconnect()
    response = await rest.get("/health/ready")
    assert (response.status_code, response.json()["broker"]) == (503, "down")
