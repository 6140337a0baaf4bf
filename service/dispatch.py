"""The send-only side of Celery: ring for a job; ask an inference worker and await its answer.

Publishing takes 1-2 ms and therefore happens in a thread, never on the event loop. Answers come
back through one reply list a process, which expires when nobody reads it.
"""

import asyncio
import json
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
import redis.asyncio
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

_PUBLISHERS = 4
_BLOCK_SECONDS = 5
_RECONNECT_SECONDS = 0.5
_CANCEL_SECONDS = 0.2

_ERRORS = {
    kind.reason: kind
    for kind in (
        errors.UnknownEditsError,
        errors.InvalidDesignError,
        errors.InvalidArgumentError,
        errors.NotFoundError,
        errors.FailedPreconditionError,
        errors.DeadlineExceededError,
        errors.BrokenArtifactError,
    )
}


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
        return self._publish(TASK_NAME[kind], JOB_QUEUE[kind], [job_id])

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

    def send_question(self, task_name: str, payload: dict[str, Any]) -> None:
        """Send what an inference worker is to answer.

        Raises:
            UnavailableError: the broker did not take it.
        """
        if not self._publish(task_name, Queue.INFERENCE, [payload]):
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

    def _publish(self, task_name: str, queue: Queue, args: list[Any]) -> bool:
        try:
            self._app.send_task(task_name, args=args, queue=queue.value, retry=False)
        except (OperationalError, CeleryOperationalError, redis.RedisError, OSError):
            logger.warning("broker did not take a message", extra={"task_name": task_name})
            return False
        return True


class Scorer:
    """Asks the inference workers; one reader coroutine hands the answers to those who wait."""

    def __init__(self, broker_url: str, dispatcher: Dispatcher, reply_ttl_seconds: int) -> None:
        self._broker_url = client_url(broker_url)
        self._dispatcher = dispatcher
        self._reply_ttl_seconds = reply_ttl_seconds
        self._reply_key = f"{KEY_PREFIX}reply:{uuid.uuid4().hex}"
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._publishers = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="publish")
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read answers."""
        self._reader = asyncio.create_task(self._read(), name="score-replies")

    async def close(self) -> None:
        """Stop reading; whoever still waits is told."""
        while self._reader is not None and not self._reader.done():
            self._reader.cancel()  # redis-py may swallow one while an answer arrives
            await asyncio.wait([self._reader], timeout=_CANCEL_SECONDS)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(errors.UnavailableError("the service is shutting down"))
        self._publishers.shutdown(wait=False)

    async def ask(
        self, task_name: str, payload: dict[str, Any], *, timeout_seconds: float
    ) -> dict[str, Any]:
        """Send `payload` to an inference worker and await its answer.

        The deadline travels along: a worker drops a request that is past it.

        Raises:
            DeadlineExceededError: no answer in time.
            UnavailableError: the broker did not take the request.
            CellgebraError: what the worker answered.
        """
        loop = asyncio.get_running_loop()
        request_id = uuid.uuid4().hex
        future: asyncio.Future[dict[str, Any]] = loop.create_future()
        self._waiting[request_id] = future
        message = {
            **payload,
            "request_id": request_id,
            "reply_key": self._reply_key,
            "reply_ttl_seconds": self._reply_ttl_seconds,
            "deadline_unix_seconds": time.time() + timeout_seconds,
        }
        try:
            async with asyncio.timeout(timeout_seconds):
                send = self._dispatcher.send_question
                await loop.run_in_executor(self._publishers, send, task_name, message)
                reply = await future
        except TimeoutError:
            raise errors.DeadlineExceededError(
                f"no answer within {timeout_seconds:g} s; nothing was changed, ask again or "
                "raise timeout_seconds"
            ) from None
        finally:
            del self._waiting[request_id]
        return _answer(reply)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_until_broken()
            except (redis.RedisError, OSError):
                logger.warning("lost the broker while reading score replies")
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _read_until_broken(self) -> None:
        client = redis.asyncio.Redis.from_url(
            self._broker_url, socket_timeout=_BLOCK_SECONDS * 2, socket_connect_timeout=3
        )
        async with client:
            while True:
                item = await client.blpop([self._reply_key], timeout=_BLOCK_SECONDS)
                if item is not None:
                    self._deliver(json.loads(item[1]))

    def _deliver(self, reply: dict[str, Any]) -> None:
        future = self._waiting.get(reply["request_id"])
        if future is not None and not future.done():
            future.set_result(reply)


def _answer(reply: dict[str, Any]) -> dict[str, Any]:
    problem = reply.get("error")
    if problem is None:
        answer: dict[str, Any] = reply["answer"]
        return answer
    offenders = [errors.Offender.model_validate(item) for item in problem["errors"]]
    kind = _ERRORS.get(problem["reason"])
    if kind is None:
        raise errors.CellgebraError(problem["detail"], offenders)
    raise kind(problem["detail"], offenders)
