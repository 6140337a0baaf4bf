"""A training job under way: follow it, wait for it, cancel it, resume it."""

from collections.abc import Callable, Iterator

from service.client.events import follow
from service.client.models import RemoteModel, get_model
from service.client.paths import path_of
from service.client.problems import error_from
from service.client.progress import ProgressLine
from service.client.transport import Transport
from service.contract.errors import FailedPreconditionError
from service.contract.jobs import TERMINAL_STATES, JobEvent, JobState
from service.contract.resources import TrainingJob

PATH = "/v1/training-jobs"


class TrainingRun:
    """A handle on a training job; `job` is what was last read of it."""

    def __init__(self, transport: Transport, job: TrainingJob) -> None:
        self._transport = transport
        self._seen = 0
        self.job = job

    def __repr__(self) -> str:
        return f"TrainingRun({self.id}, {self.state}, {self.job.fraction:.0%})"

    @property
    def id(self) -> str:
        """Id of the job."""
        return self.job.id

    @property
    def state(self) -> JobState:
        """State, as it was last read."""
        return self.job.state

    def refresh(self) -> TrainingJob:
        """Read the job again."""
        self.job = TrainingJob.model_validate(self._transport.get(path_of(PATH, self.id)))
        return self.job

    def events(self, after: int = 0) -> Iterator[JobEvent]:
        """Events after a sequence, as they come, until the job has ended.

        Lost connections are opened again; no event is missed, none comes twice.
        """
        return follow(self._transport, path_of(PATH, self.id, "/events"), after)

    def wait(self, progress: bool | Callable[[JobEvent], object] = False) -> TrainingJob:
        """Wait until the job has ended; returns it, SUCCEEDED or CANCELLED.

        `progress` True writes one line to stderr; a function is called with every event.

        Raises:
            CellgebraError: the job has FAILED, with its error.
        """
        show = progress if callable(progress) else ProgressLine() if progress else None
        while self.state not in TERMINAL_STATES:
            for event in self.events(self._seen):
                self._seen = event.sequence
                if show is not None:
                    show(event)
            self.refresh()
        if self.job.error is not None:
            raise error_from(self.job.error)
        return self.job

    def cancel(self) -> TrainingJob:
        """Ask the job to stop; a running one is CANCELLING until its worker does.

        Raises:
            FailedPreconditionError: the job has ended.
        """
        answer = self._transport.post(path_of(PATH, self.id, ":cancel"))
        self.job = TrainingJob.model_validate(answer)
        return self.job

    def resume(self) -> TrainingJob:
        """Queue a failed or cancelled job again, from its last checkpoint.

        Raises:
            FailedPreconditionError: the job has not failed or been cancelled.
        """
        # Sent once: a second one would be refused although the first has done its work.
        answer = self._transport.post(path_of(PATH, self.id, ":resume"), retries=False)
        self.job = TrainingJob.model_validate(answer)
        return self.job

    def model(self) -> RemoteModel:
        """The model that the job has made.

        Raises:
            FailedPreconditionError: the job has not SUCCEEDED.
        """
        if self.job.model_id is None:
            self.refresh()
        if self.job.model_id is None:
            raise FailedPreconditionError(f"job {self.id} is {self.state}: it has made no model")
        return get_model(self._transport, self.job.model_id)
