# Generated from service/client/aio/sweeps.py by `make client`. Change that file.
"""A sweep under way: look at it, wait for it, cancel it, resume it."""

import time
from collections.abc import Callable

from service.client.models import RemoteModel, get_model
from service.client.paths import path_of
from service.client.problems import error_from
from service.client.transport import Transport
from service.client.waiting import pause
from service.contract.errors import DeadlineExceededError, FailedPreconditionError
from service.contract.jobs import TERMINAL_STATES, JobState
from service.contract.resources import Sweep, SweepTrial

PATH = "/v1/sweeps"

_POLL_SECONDS = 1.0


class SweepRun:
    """A handle on a sweep; `sweep` is what was last read of it."""

    def __init__(self, transport: Transport, sweep: Sweep) -> None:
        self._transport = transport
        self.sweep = sweep

    def __repr__(self) -> str:
        return f"SweepRun({self.id}, {self.state}, {self.sweep.trial_count} trials)"

    @property
    def id(self) -> str:
        """Id of the sweep."""
        return self.sweep.id

    @property
    def state(self) -> JobState:
        """State, as it was last read."""
        return self.sweep.state

    @property
    def trials(self) -> list[SweepTrial]:
        """Its trials by number, as they were last read."""
        return self.sweep.trials

    def refresh(self) -> Sweep:
        """Read the sweep again."""
        self.sweep = Sweep.model_validate(self._transport.get(path_of(PATH, self.id)))
        return self.sweep

    def wait(
        self,
        progress: Callable[[Sweep], object] = lambda _: None,
        *,
        timeout_seconds: float | None = None,
    ) -> Sweep:
        """Wait until the sweep has ended; returns it, SUCCEEDED or CANCELLED.

        `progress` is called with the sweep whenever it was read, about once a second.

        Raises:
            CellgebraError: the sweep has FAILED, with its error.
            DeadlineExceededError: it has not ended in time; it goes on.
        """
        end = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        progress(self.refresh())
        while self.state not in TERMINAL_STATES:
            if end is not None and time.monotonic() > end:
                raise DeadlineExceededError(f"sweep {self.id} is still {self.state}")
            pause(_POLL_SECONDS)
            progress(self.refresh())
        if self.sweep.error is not None:
            raise error_from(self.sweep.error)
        return self.sweep

    def cancel(self) -> Sweep:
        """Ask the sweep and its jobs to stop.

        Raises:
            FailedPreconditionError: the sweep has ended.
        """
        answer = self._transport.post(path_of(PATH, self.id, ":cancel"))
        self.sweep = Sweep.model_validate(answer)
        return self.sweep

    def resume(self) -> Sweep:
        """Queue a failed or cancelled sweep again; trials that have ended are not done again.

        Raises:
            FailedPreconditionError: the sweep has not failed or been cancelled.
        """
        # Not repeatable: a second one would be refused although the first has done its work.
        path = path_of(PATH, self.id, ":resume")
        self.sweep = Sweep.model_validate(self._transport.post(path, is_repeatable=False))
        return self.sweep

    def delete(self, *, cascade: bool = False) -> None:
        """Delete a sweep that has ended; with `cascade` also its jobs and its model.

        Raises:
            FailedPreconditionError: something depends on it, or is at work.
        """
        self._transport.delete(path_of(PATH, self.id), cascade=cascade)

    def model(self) -> RemoteModel:
        """The model of the winner.

        Raises:
            FailedPreconditionError: the sweep has not SUCCEEDED.
        """
        if self.sweep.model_id is None:
            self.refresh()
        if self.sweep.model_id is None:
            raise FailedPreconditionError(f"sweep {self.id} is {self.state}: it has no model")
        return get_model(self._transport, self.sweep.model_id)
