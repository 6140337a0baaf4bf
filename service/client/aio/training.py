"""A training job under way, and its model."""

from typing import ClassVar

from service.client.aio.models import AsyncRemoteModel, get_model
from service.client.aio.runs import AsyncJobRun
from service.contract.errors import FailedPreconditionError
from service.contract.resources import TrainingJob

PATH = "/v1/training-jobs"


class AsyncTrainingRun(AsyncJobRun[TrainingJob]):
    """A handle on a training job; `job` is what was last read of it."""

    path: ClassVar[str] = PATH

    async def model(self) -> AsyncRemoteModel:
        """The model that the job has made.

        Raises:
            FailedPreconditionError: the job has not SUCCEEDED.
        """
        if self.job.model_id is None:
            await self.refresh()
        if self.job.model_id is None:
            raise FailedPreconditionError(f"job {self.id} is {self.state}: it has made no model")
        return await get_model(self._transport, self.job.model_id)
