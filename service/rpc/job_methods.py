"""What the services of jobs share: the life of a job of any kind, its events and its files."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from pydantic import BaseModel

from service.contract.errors import InvalidArgumentError, Offender, UnavailableError
from service.contract.job_events import detail_of
from service.contract.jobs import JobEvent
from service.handlers.context import Context
from service.handlers.deletion import delete_job
from service.handlers.events import is_terminal
from service.handlers.jobs import JobsOf
from service.rpc.callers import caller_of
from service.rpc.downloading import file_parts
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2

R = TypeVar("R", bound=BaseModel)
M = TypeVar("M", bound=Message)

Call = grpc.aio.ServicerContext[Any, Any]


class OfJob(Protocol):
    """A request about one job."""

    id: str


class DeleteRequest(OfJob, Protocol):
    """A request to delete a job."""

    cascade: bool


class WatchRequest(OfJob, Protocol):
    """A request to follow a job."""

    after_sequence: int


class JobMethods(Generic[R, M]):
    """The methods of one kind of job; `shown` makes a job a message."""

    def __init__(self, context: Context, jobs: JobsOf[R], shown: Callable[[R], M]) -> None:
        self._context = context
        self._run = context.threads.run
        self._jobs = jobs
        self._shown = shown

    async def get(self, request: OfJob, call: Call) -> M:
        """Read a job."""
        get, caller = self._jobs.get, caller_of(call)
        return self._shown(await self._run(get, self._context, caller, request.id))

    async def cancel(self, request: OfJob, call: Call) -> M:
        """Cancel a job."""
        cancel, caller = self._jobs.cancel, caller_of(call)
        return self._shown(await self._run(cancel, self._context, caller, request.id))

    async def resume(self, request: OfJob, call: Call) -> M:
        """Queue a job again."""
        resume, caller = self._jobs.resume, caller_of(call)
        return self._shown(await self._run(resume, self._context, caller, request.id))

    async def delete(self, request: DeleteRequest, call: Call) -> Empty:
        """Delete a job."""
        caller, kind = caller_of(call), self._jobs.kind
        await delete_job(self._context, caller, kind, request.id, cascade=request.cascade)
        return Empty()

    async def watch(self, request: WatchRequest, call: Call) -> AsyncIterator[jobs_pb2.JobEvent]:
        """Events of a job, until it has ended.

        Raises:
            UnavailableError: the process is going, and there may be more.
            InvalidArgumentError: the job has not got so far.
        """
        caller, after = caller_of(call), request.after_sequence
        try:
            events = await self._jobs.follow(self._context, caller, request.id, after=after)
        except InvalidArgumentError as error:
            raise InvalidArgumentError(error.detail, _in_request(error.offenders)) from None
        has_ended = False
        async with aclosing(events) as following:
            async for event in following:
                after, has_ended = event.sequence, is_terminal(event)
                yield event_message(event)
        if self._context.is_going and not has_ended:
            raise UnavailableError(
                f"the server is going: watch again shortly, with after_sequence {after}"
            )

    async def download(
        self, job_id: str, name: str, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        """A file that a job has made, part by part."""
        find, caller = self._jobs.find_file, caller_of(call)
        sha256, path = await self._run(find, self._context, caller, job_id, name)
        async for part in file_parts(self._context.threads, path, sha256):
            yield part


def event_message(event: JobEvent) -> jobs_pb2.JobEvent:
    """An event as it is sent."""
    message = write_message(jobs_pb2.JobEvent(), event.model_dump())
    detail = detail_of(event)
    if detail is not None:
        write_message(getattr(message, event.type.value), detail)
    return message


def _in_request(offenders: list[Offender]) -> list[Offender]:
    return [offender.model_copy(update={"field": "after_sequence"}) for offender in offenders]
