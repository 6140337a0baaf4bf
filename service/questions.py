"""Questions to the inference workers: each goes out as one message, its reply is awaited.

Publishing takes a third of a millisecond and therefore happens in a thread, never on the event
loop. Replies come back through one list a process, which expires when nobody reads it.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import redis
import redis.asyncio

from service.contract import errors
from service.contract.broker import KEY_PREFIX, client_url
from service.contract.jobs import SCORE_TASK_NAME
from service.contract.questions import Part, unpack_reply
from service.dispatch import Dispatcher

logger = logging.getLogger(__name__)

_PUBLISHERS = 4
_BLOCK_SECONDS = 5
_RECONNECT_SECONDS = 0.5
_CANCEL_SECONDS = 0.2


class Questions:
    """Sends questions; one reader coroutine hands the replies to those who wait."""

    def __init__(self, broker_url: str, dispatcher: Dispatcher, reply_ttl_seconds: int) -> None:
        self._broker_url = client_url(broker_url)
        self._dispatcher = dispatcher
        self._reply_ttl_seconds = reply_ttl_seconds
        self._reply_key = f"{KEY_PREFIX}reply:{uuid.uuid4().hex}"
        self._waiting: dict[str, asyncio.Future[list[Part]]] = {}
        self._publishers = ThreadPoolExecutor(_PUBLISHERS, thread_name_prefix="publish")
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read replies."""
        self._reader = asyncio.create_task(self._read(), name="replies")

    async def close(self) -> None:
        """Stop reading; whoever still waits is told."""
        while self._reader is not None and not self._reader.done():
            self._reader.cancel()  # redis-py may swallow one while a reply arrives
            await asyncio.wait([self._reader], timeout=_CANCEL_SECONDS)
        self._fail_all("the service is shutting down")
        self._publishers.shutdown(wait=False)

    async def ask(
        self, task_name: str, question: Mapping[str, Any], *, timeout_seconds: float
    ) -> list[Part]:
        """Send a question to an inference worker and await the parts of its reply.

        Raises:
            DeadlineExceededError: no reply in time.
            UnavailableError: the broker did not take the question, or was lost meanwhile.
        """
        loop = asyncio.get_running_loop()
        question_id = uuid.uuid4().hex
        future: asyncio.Future[list[Part]] = loop.create_future()
        self._waiting[question_id] = future
        message = {
            **question,
            "question_id": question_id,
            "reply_key": self._reply_key,
            "reply_ttl_seconds": self._reply_ttl_seconds,
        }
        try:
            async with asyncio.timeout(timeout_seconds):
                send = self._dispatcher.send_question
                await loop.run_in_executor(self._publishers, send, task_name, message)
                return await future
        except TimeoutError:
            raise no_answer(timeout_seconds) from None
        finally:
            del self._waiting[question_id]

    async def score(self, question: Mapping[str, Any], timeout_seconds: float) -> list[Part]:
        """Ask for scores.

        Raises:
            CellgebraError: as `ask`.
        """
        return await self.ask(SCORE_TASK_NAME, question, timeout_seconds=timeout_seconds)

    async def _read(self) -> None:
        while True:
            try:
                await self._read_until_broken()
            except (redis.RedisError, OSError):
                logger.warning("lost the broker while reading replies")
                self._fail_all("the broker was lost before the answer came; try again shortly")
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _read_until_broken(self) -> None:
        client = redis.asyncio.Redis.from_url(
            self._broker_url, socket_timeout=_BLOCK_SECONDS * 2, socket_connect_timeout=3
        )
        async with client:
            while True:
                item = await client.blpop([self._reply_key], timeout=_BLOCK_SECONDS)
                if item is not None:
                    self._deliver(cast("bytes", item[1]))  # nothing decodes it

    def _deliver(self, content: bytes) -> None:
        question_id, parts = unpack_reply(content)
        future = self._waiting.get(question_id)
        if future is not None and not future.done():
            future.set_result(parts)

    def _fail_all(self, detail: str) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(errors.UnavailableError(detail))


def no_answer(timeout_seconds: float) -> errors.DeadlineExceededError:
    """The error of those who waited in vain."""
    return errors.DeadlineExceededError(
        f"no answer within {timeout_seconds:g} s; nothing was changed, ask again or "
        "raise timeout_seconds"
    )
