# Generated from service/client/aio/training.py by `make client`. Change that file.
"""A training job under way, and its model."""

from typing import ClassVar

from service.client.models import RemoteModel, get_model
from service.client.runs import JobRun
from service.contract.errors import FailedPreconditionError
from service.contract.resources import TrainingJob

PATH = "/v1/training-jobs"


class TrainingRun(JobRun[TrainingJob]):
    """A handle on a training job; `job` is what was last read of it."""

    path: ClassVar[str] = PATH

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
