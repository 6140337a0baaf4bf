# Generated from service/client/aio/runs.py by `make client`. Change that file.
"""A job under way, of whatever kind: follow it, wait for it, cancel it, resume it."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

from service.client.cards import job_card
from service.client.events import follow
from service.client.paths import path_of
from service.client.problems import error_from
from service.client.progress import ProgressLine
from service.client.transport import Transport
from service.contract.jobs import TERMINAL_STATES, EventType, JobEvent, JobState
from service.contract.resources import ScoringJob, SearchJob, TrainingJob

Job = TypeVar("Job", TrainingJob, SearchJob, ScoringJob)


class JobRun(Generic[Job]):
    """A handle on a job; `job` is what was last read of it."""

    path: ClassVar[str]

    def __init__(self, transport: Transport, job: Job) -> None:
        self._transport = transport
        self._seen = 0
        self._epochs: list[dict[str, Any]] = []
        self.job: Job = job

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id}, {self.state}, {self.job.fraction:.0%})"

    def _repr_html_(self) -> str:
        return job_card(self.job, self._epochs)

    @property
    def id(self) -> str:
        """Id of the job."""
        return self.job.id

    @property
    def state(self) -> JobState:
        """State, as it was last read."""
        return self.job.state

    def refresh(self) -> Job:
        """Read the job again."""
        return self._keep(self._transport.get(path_of(self.path, self.id)))

    def events(self, after: int = 0) -> Iterator[JobEvent]:
        """Events after a sequence, as they come, until the job has ended.

        Lost connections are opened again; no event is missed, none comes twice.
        """
        return follow(self._transport, path_of(self.path, self.id), after)

    def wait(self, progress: bool | Callable[[JobEvent], object] = False) -> Job:
        """Wait until the job has ended; returns it, SUCCEEDED or CANCELLED.

        `progress` True writes one line to stderr; a function is called with every event.

        Raises:
            CellgebraError: the job has FAILED, with its error.
        """
        show = progress if callable(progress) else ProgressLine() if progress else None
        while self.state not in TERMINAL_STATES:
            for event in self.events(self._seen):
                self._seen = event.sequence
                if event.type is EventType.EPOCH:
                    self._epochs.append(event.data)
                if show is not None:
                    show(event)
            self.refresh()
        if self.job.error is not None:
            raise error_from(self.job.error)
        return self.job

    def cancel(self) -> Job:
        """Ask the job to stop; a running one is CANCELLING until its worker does.

        Raises:
            FailedPreconditionError: the job has ended.
        """
        return self._keep(self._transport.post(path_of(self.path, self.id, ":cancel")))

    def resume(self) -> Job:
        """Queue a failed or cancelled job again; it goes on from what was kept.

        Raises:
            FailedPreconditionError: the job has not failed or been cancelled.
        """
        # Not repeatable: a second one would be refused although the first has done its work.
        path = path_of(self.path, self.id, ":resume")
        return self._keep(self._transport.post(path, is_repeatable=False))

    def delete(self, *, cascade: bool = False) -> None:
        """Delete a job that has ended, with its events and files; with `cascade` its model, too.

        Raises:
            FailedPreconditionError: something depends on it, or is at work.
        """
        self._transport.delete(path_of(self.path, self.id), cascade=cascade)

    def _keep(self, answer: object) -> Job:
        self.job = type(self.job).model_validate(answer)
        return self.job
