"""The send-only side of Celery: ring for a job, or send a question to an inference worker."""

import logging
from typing import Any

import redis
from celery import Celery
from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError

from service.contract import errors
from service.contract.broker import KEY_PREFIX, celery_url, client_url
from service.contract.jobs import (
    JOB_QUEUE,
    SWEEP_TASK_NAME,
    TASK_NAME,
    JobKind,
    Queue,
)

logger = logging.getLogger(__name__)

# Celery would write the arguments down a second time, for logs and monitors.
_UNSHOWN = {"argsrepr": "", "kwargsrepr": ""}


def _sender(broker_url: str) -> Celery:
    app = Celery("cellgebra-front", broker=celery_url(broker_url), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        broker_connection_retry=False,
        broker_transport_options={
            "global_keyprefix": KEY_PREFIX,
            "socket_timeout": 10,
            "socket_connect_timeout": 3,
            "max_retries": 1,
        },
    )
    return app


class Dispatcher:
    """Rings for jobs. A bell that nobody heard is rung again by the scheduler."""

    def __init__(self, broker_url: str) -> None:
        self._app = _sender(broker_url)
        self._redis = redis.Redis.from_url(
            client_url(broker_url), socket_timeout=2, socket_connect_timeout=2
        )

    def ring(self, job_id: str, kind: JobKind) -> bool:
        """Send a job's id to its queue; False when the broker did not take it."""
        is_rung = self._publish(TASK_NAME[kind], JOB_QUEUE[kind], [job_id])
        if is_rung:
            logger.info("rang for a %s job", kind, extra={"job_id": job_id})
        return is_rung

    def ring_sweep(self, sweep_id: str) -> bool:
        """Have a worker take a sweep one step on; False when the broker did not take it."""
        return self._publish(SWEEP_TASK_NAME, Queue.BATCH, [sweep_id])

    def waiting_count(self, kind: JobKind) -> int:
        """How many bells of a kind nobody has heard yet.

        Raises:
            UnavailableError: the broker does not answer.
        """
        try:
            return int(self._redis.llen(f"{KEY_PREFIX}{JOB_QUEUE[kind]}"))
        except redis.RedisError as error:
            raise errors.UnavailableError("the broker does not answer") from error

    def queue_lengths(self) -> dict[Queue, int]:
        """Messages that no worker has taken, by queue.

        Raises:
            UnavailableError: the broker does not answer.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for queue in Queue:
            pipeline.llen(f"{KEY_PREFIX}{queue}")
        try:
            return dict(zip(Queue, map(int, pipeline.execute()), strict=True))
        except redis.RedisError as error:
            raise errors.UnavailableError("the broker does not answer") from error

    def send_question(self, task_name: str, payload: dict[str, Any]) -> None:
        """Send what an inference worker is to answer.

        Raises:
            UnavailableError: the broker did not take it.
        """
        if not self._publish(task_name, Queue.INFERENCE, [payload], **_UNSHOWN):
            raise errors.UnavailableError("the broker does not answer; try again shortly")

    def broker_is_up(self) -> bool:
        """Whether the broker answers a ping."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def close(self) -> None:
        """Close every connection."""
        self._app.close()
        self._redis.close()

    def _publish(self, task_name: str, queue: Queue, args: list[Any], **options: Any) -> bool:  # noqa: ANN401 - of Celery
        try:
            self._app.send_task(task_name, args=args, queue=queue.value, retry=False, **options)
        except (OperationalError, CeleryOperationalError, redis.RedisError, OSError):
            logger.warning("broker did not take a message", extra={"task_name": task_name})
            return False
        return True
