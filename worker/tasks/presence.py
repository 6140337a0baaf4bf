"""A worker's own heartbeat row: what readiness looks at. Connected when a task module loads."""

import logging
import os
import socket
import threading
from typing import Any

from celery.signals import (
    worker_init,
    worker_process_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from sqlalchemy.exc import SQLAlchemyError

from service.contract.jobs import Queue
from service.contract.repositories import workers
from service.contract.schema import SchemaError, require_schema
from worker.app import app
from worker.tasks import stopping
from worker.tasks.promotions import keep_loading
from worker.tasks.runtime import gpu_count, runtime, worker_name

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 5.0

_over = threading.Event()


def _served_queues() -> list[Queue]:
    return [Queue(name) for name in app.amqp.queues.consume_from]


@worker_init.connect
def _on_init(**_: Any) -> None:  # noqa: ANN401
    try:
        require_schema(runtime().database)
    except SchemaError as error:
        raise SystemExit(f"cellgebra: {error}") from None


@worker_ready.connect
def _on_ready(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    queues = _served_queues()
    if Queue.INFERENCE in queues:
        from worker.tasks.score import warm_up

        warm_up()
        threading.Thread(target=keep_loading, args=(_over,), daemon=True, name="loading").start()
    threading.Thread(target=_keep_beating, args=(queues,), daemon=True, name="presence").start()


@worker_process_init.connect
def _on_child(**_: Any) -> None:  # noqa: ANN401
    stopping.listen()


@worker_shutting_down.connect
def _on_shutting_down(**_: Any) -> None:  # noqa: ANN401
    stopping.ask_children()


@worker_shutdown.connect
def _on_shutdown(**_: Any) -> None:  # noqa: ANN401
    _over.set()
    try:
        with runtime().database.write() as session:
            workers.forget_worker(session, worker_name())
    except SQLAlchemyError:
        logger.warning("could not say good-bye", exc_info=True)


def _keep_beating(queues: list[Queue]) -> None:
    while True:
        try:
            _beat(queues)
        except SQLAlchemyError:  # also the first one may fail: the worker is there all the same
            logger.warning("presence beat failed", exc_info=True)
        if _over.wait(PERIOD_SECONDS):
            return


def _beat(queues: list[Queue]) -> None:
    with runtime().database.write() as session:
        workers.beat(
            session,
            worker_name(),
            queues=queues,
            host=socket.gethostname(),
            pid=os.getpid(),
            gpu_count=gpu_count(runtime().settings),
        )
