"""Routes that every kind of job has: get, cancel, resume, delete, follow, and its files."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobEvent
from service.handlers.deletion import delete_job
from service.handlers.jobs import JobsOf
from service.rest.access import CallerDep
from service.rest.job_events import BadLastEventIdError, LastEventId, sequence_of, server_sent
from service.rest.parameters import CascadeDep, ContextDep, problems


class JobWords(NamedTuple):
    """What the routes of a kind of job are called, and what is said of them.

    `resource` is its name in operation ids, `noun` in sentences; `kept` is what a resumed one goes
    on from.
    """

    resource: str
    noun: str
    kept: str


def add_job_routes(
    router: APIRouter, jobs: JobsOf[Any], resource: type[Any], words: JobWords
) -> None:
    """Give a router, whose prefix is the jobs' path, the routes of their life cycle."""

    async def get_job(context: ContextDep, caller: CallerDep, job_id: str) -> Any:  # noqa: ANN401
        return await context.threads.run(jobs.get, context, caller, job_id)

    async def cancel_job(context: ContextDep, caller: CallerDep, job_id: str) -> Any:  # noqa: ANN401
        return await context.threads.run(jobs.cancel, context, caller, job_id)

    async def resume_job(context: ContextDep, caller: CallerDep, job_id: str) -> Any:  # noqa: ANN401
        return await context.threads.run(jobs.resume, context, caller, job_id)

    router.get(
        "/{job_id}",
        operation_id=f"get{words.resource}",
        summary=f"Get a {words.noun}",
        description="With its progress, and what it has made once it has SUCCEEDED.",
        response_model=resource,
        responses=problems(404),
    )(get_job)
    router.post(
        "/{job_id}:cancel",
        operation_id=f"cancel{words.resource}",
        summary=f"Cancel a {words.noun}",
        description="A queued one is CANCELLED at once, a running one is CANCELLING until its "
        "worker stops.",
        response_model=resource,
        responses=problems(404, 409),
    )(cancel_job)
    router.post(
        "/{job_id}:resume",
        operation_id=f"resume{words.resource}",
        summary=f"Resume a failed or cancelled {words.noun}",
        description=f"It is queued again{words.kept}.",
        response_model=resource,
        responses=problems(404, 409),
    )(resume_job)
    _add_delete(router, jobs, words)
    _add_events(router, jobs, words)


def _add_delete(router: APIRouter, jobs: JobsOf[Any], words: JobWords) -> None:
    async def delete(
        context: ContextDep, caller: CallerDep, job_id: str, *, cascade: CascadeDep = False
    ) -> None:
        await delete_job(context, caller, jobs.kind, job_id, cascade=cascade)

    router.delete(
        "/{job_id}",
        operation_id=f"delete{words.resource}",
        summary=f"Delete a {words.noun}",
        description="With its events and what it has made. One that has not ended is refused, and "
        "so is one that something depends on, but with `cascade`.",
        status_code=204,
        responses=problems(404, 409),
    )(delete)


def _add_events(router: APIRouter, jobs: JobsOf[Any], words: JobWords) -> None:
    async def open_events(
        context: ContextDep, caller: CallerDep, job_id: str, last_event_id: LastEventId = None
    ) -> AsyncGenerator[JobEvent]:
        """A dependency, so that errors are answered before the stream begins."""
        after = sequence_of(last_event_id)
        try:
            return await jobs.follow(context, caller, job_id, after=after)
        except InvalidArgumentError as error:
            raise BadLastEventIdError(error.detail, error.offenders) from None

    async def stream_events(
        events: Annotated[AsyncGenerator[JobEvent], Depends(open_events)],
    ) -> AsyncIterator[ServerSentEvent]:
        async for event in server_sent(events):
            yield event

    router.get(
        "/{job_id}/events",
        operation_id=f"stream{words.resource}Events",
        summary=f"Follow a {words.noun}",
        description="Server-sent events: `id` is the sequence, `event` the type, `data` a "
        "`JobEvent` as JSON. The stream ends with the job.",
        response_class=EventSourceResponse,
        responses=problems(400, 404),
    )(stream_events)


class JobFile(NamedTuple):
    """A file that jobs make, the operation that downloads it, and what is said of it."""

    name: str
    operation_id: str
    summary: str
    description: str
    media_type: str
    content: str


def add_file_route(router: APIRouter, jobs: JobsOf[Any], file: JobFile) -> None:
    """Give a router of jobs the route of a file that they make."""

    async def download(context: ContextDep, caller: CallerDep, job_id: str) -> Response:
        sha256, path = await context.threads.run(jobs.find_file, context, caller, job_id, file.name)
        headers = {"ETag": f'"{sha256}"', "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, headers=headers, media_type=file.media_type, filename=file.name)

    described = {"content": {file.media_type: {}}, "description": file.content}
    router.get(
        f"/{{job_id}}/{file.name}",
        operation_id=file.operation_id,
        summary=file.summary,
        description=file.description,
        response_class=Response,
        responses={200: described, **problems(404)},
    )(download)
