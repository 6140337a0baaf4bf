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

from service.contract.beats import touch_beat
from service.contract.errors import UnavailableError
from service.contract.jobs import Queue
from service.contract.measurements import WorkerFigures
from service.contract.repositories import workers
from service.contract.schema import require_schema
from service.contract.telemetry import start_telemetry
from worker.app import app
from worker.tasks import lost_children, stopping
from worker.tasks.figures import measure
from worker.tasks.loaded import loaded_models
from worker.tasks.promotions import keep_loading
from worker.tasks.runtime import gpu_count, runtime, worker_name

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 5.0
UNFINISHED_SECONDS = 2 * 86_400.0

_over = threading.Event()


def _served_queues() -> list[Queue]:
    return [Queue(name) for name in app.amqp.queues.consume_from]


@worker_init.connect
def _on_init(**_: Any) -> None:  # noqa: ANN401
    try:
        require_schema(runtime().database)
    except ValueError as error:  # of the schema, or of a setting that the store is made from
        raise SystemExit(f"cellgebra: {error}") from None
    lost_children.listen(runtime().settings.lease_seconds)


@worker_ready.connect
def _on_ready(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    queues = _served_queues()
    if Queue.INFERENCE in queues:
        from worker.tasks.score import warm_up

        warm_up()
        threading.Thread(target=keep_loading, args=(_over,), daemon=True, name="loading").start()
    threading.Thread(target=_keep_beating, args=(queues,), daemon=True, name="presence").start()
    # Of its own: a child that is frozen in a transaction makes presence wait for the database.
    threading.Thread(target=lost_children.watch, args=(_over,), daemon=True, name="watch").start()


@worker_process_init.connect
def _on_child(**_: Any) -> None:  # noqa: ANN401
    stopping.listen()
    lost_children.start_pulse()
    start_telemetry("worker")


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
    _sweep()
    while True:
        try:
            _beat(queues)
        except SQLAlchemyError:  # also the first one may fail: the worker is there all the same
            logger.warning("presence beat failed", exc_info=True)
        touch_beat(runtime().settings.beat_file)
        if _over.wait(PERIOD_SECONDS):
            return


def _sweep() -> None:
    """Remove what earlier workers have left on this machine, which may be its own alone."""
    try:
        runtime().store.sweep(UNFINISHED_SECONDS)
    except (OSError, UnavailableError):
        logger.warning("could not sweep", exc_info=True)


def _beat(queues: list[Queue]) -> None:
    figures = _figures(loaded_models().count if Queue.INFERENCE in queues else 0)
    with runtime().database.write() as session:
        workers.beat(
            session,
            worker_name(),
            queues=queues,
            host=socket.gethostname(),
            pid=os.getpid(),
            gpu_count=gpu_count(runtime().settings),
            figures=figures,
        )


def _figures(loaded_models: int) -> WorkerFigures | None:
    """What is measured; None where that fails, for a worker is there all the same."""
    try:
        return measure(runtime().settings.data_dir, loaded_models)
    except Exception:  # of disks, processes and drivers
        logger.warning("could not measure this machine", exc_info=True)
        return None
