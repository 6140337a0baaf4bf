"""Jobs of one kind: get, list, cancel, resume, follow. A kind has a create and a resource."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobEvent, JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import job_files, jobs, queue, workers
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page
from service.contract.resources import ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list
from service.handlers.requests import PageRequest, ring
from service.handlers.waiting import queue_reason

R = TypeVar("R", bound=BaseModel)


def _nothing_to_do(session: Session, job: JobRecord) -> None:
    """What is to be done before a job is queued again, of most kinds."""


class JobsOf(Generic[R]):
    """Use cases of the jobs of one kind.

    Args:
        kind: which jobs.
        shown: a row as its resource.
        before_resume: what else is done in the transaction that queues a job again.
    """

    def __init__(
        self,
        kind: JobKind,
        shown: Callable[[JobRecord], R],
        before_resume: Callable[[Session, JobRecord], None] = _nothing_to_do,
    ) -> None:
        self.kind = kind
        self._shown = shown
        self._before_resume = before_resume

    def get(self, context: Context, caller: Caller, job_id: str) -> R:
        """Read a job.

        Raises:
            NotFoundError: this project has no such job.
        """
        with context.database.read() as session:
            job = jobs.get_job(session, caller.project_id, self.kind, job_id)
        return self.show(context, job)

    def show(self, context: Context, job: JobRecord) -> R:
        """A row as its resource; while it waits, with its place, or why nobody can take it."""
        shown = self._shown(job)
        if job.state != JobState.QUEUED:
            return shown
        stale_seconds = context.settings.worker_stale_seconds
        with context.database.read() as session:
            reason = queue_reason(job, workers.most_gpus(session, stale_seconds))
            running = context.settings.max_running_jobs
            place = None if reason else queue.place_of(session, job, stale_seconds, running)
        told = {} if place is None else asdict(place)
        return shown.model_copy(update={**told, "queue_reason": reason})

    def _show_all(self, context: Context, page: Page[JobRecord]) -> ListAnswer[R]:
        """Without their places, each of which is a count."""
        if all(job.state != JobState.QUEUED for job in page.rows):
            return to_list(page, self._shown)
        with context.database.read() as session:
            gpus = workers.most_gpus(session, context.settings.worker_stale_seconds)

        def shown(job: JobRecord) -> R:
            return self._shown(job).model_copy(update={"queue_reason": queue_reason(job, gpus)})

        return to_list(page, shown)

    def list(
        self,
        context: Context,
        caller: Caller,
        page: PageRequest,
        *,
        state: JobState | None = None,
        subject_id: str | None = None,
    ) -> ListAnswer[R]:
        """One page of jobs, newest first; `subject_id` is what they work on."""
        with context.database.read() as session:
            rows = jobs.list_jobs(
                session,
                caller.project_id,
                self.kind,
                state=state,
                subject_id=subject_id,
                page_size=page.size,
                page_token=page.token,
            )
        return self._show_all(context, rows)

    def cancel(self, context: Context, caller: Caller, job_id: str) -> R:
        """Cancel: a queued job at once, a running one when its worker sees it (CANCELLING).

        Raises:
            NotFoundError: this project has no such job.
            FailedPreconditionError: the job has ended.
        """
        with context.database.write() as session:
            job = jobs.request_cancel(session, caller.project_id, self.kind, job_id)
        return self.show(context, job)

    def resume(self, context: Context, caller: Caller, job_id: str) -> R:
        """Queue a failed or cancelled job again; it goes on from what it has kept.

        Raises:
            NotFoundError: this project has no such job, or what it works on is gone.
            FailedPreconditionError: the job has not failed or been cancelled.
            ResourceExhaustedError: as many jobs of whoever made it wait as may.
        """
        with context.database.write() as session:
            found = jobs.get_job(session, caller.project_id, self.kind, job_id)
            owner = Owner(found.project_id, found.created_by)  # not the caller, perhaps
            queue.lock_owner(session, owner)
            job = jobs.resume_job(session, caller.project_id, self.kind, job_id)
            most = context.settings.max_queued_jobs
            queue.require_room(session, owner, most, besides=job.id)
            self._before_resume(session, job)
        ring(context, job.id, self.kind)
        return self.show(context, job)

    def find_file(
        self, context: Context, caller: Caller, job_id: str, name: str
    ) -> tuple[str, Path]:
        """Hash and path of a file that a job has made.

        Raises:
            NotFoundError: this project has no such job, or it has no such file (yet).
        """
        with context.database.read() as session:
            jobs.get_job(session, caller.project_id, self.kind, job_id)
            sha256 = job_files.find_file(session, caller.project_id, job_id, name)
        return sha256, context.store.path(sha256)

    async def follow(
        self, context: Context, caller: Caller, job_id: str, *, after: int = 0
    ) -> AsyncGenerator[JobEvent]:
        """Events of a job after a sequence; see `EventHub.follow` for when they end.

        Whoever may not read the job is told here, before the first event is awaited.

        Raises:
            NotFoundError: this project has no such job.
            InvalidArgumentError: the job has not got that far.
        """
        await context.threads.run(self._require_position, context, caller, job_id, after)
        return context.events.follow(job_id, after)

    def _require_position(self, context: Context, caller: Caller, job_id: str, after: int) -> None:
        with context.database.read() as session:
            job = jobs.get_job(session, caller.project_id, self.kind, job_id)
        if not 0 <= after <= job.event_sequence:
            raise InvalidArgumentError(
                f"job {job_id} has {job.event_sequence} events: none follows number {after}",
                [Offender(message="not the id of an event of this job", value=str(after))],
            )
