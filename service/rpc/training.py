"""TrainingService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers.context import Context
from service.handlers.training_jobs import TRAINING_JOBS, create_training_job
from service.rpc import converters
from service.rpc.callers import caller_of
from service.rpc.job_methods import JobMethods
from service.rpc.pb.cellgebra.v1 import jobs_pb2, training_pb2, training_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class TrainingServicer(training_pb2_grpc.TrainingServiceServicer):
    """Serves training jobs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run
        self._jobs = JobMethods(context, TRAINING_JOBS, converters.training_job_message)

    async def CreateTrainingJob(  # noqa: N802
        self, request: training_pb2.CreateTrainingJobRequest, call: Call
    ) -> training_pb2.TrainingJob:
        spec, request_id = converters.create_arguments(request)
        create = create_training_job
        caller = caller_of(call)
        job = await self._run(create, self._context, caller, spec, request_id=request_id)
        return converters.training_job_message(job)

    async def GetTrainingJob(  # noqa: N802
        self, request: training_pb2.GetTrainingJobRequest, call: Call
    ) -> training_pb2.TrainingJob:
        return await self._jobs.get(request, call)

    async def ListTrainingJobs(  # noqa: N802
        self, request: training_pb2.ListTrainingJobsRequest, call: Call
    ) -> training_pb2.ListTrainingJobsResponse:
        page, filters = converters.list_arguments(request)
        list_jobs = TRAINING_JOBS.list
        answer = await self._run(list_jobs, self._context, caller_of(call), page, **filters)
        return converters.training_jobs_message(answer)

    async def CancelTrainingJob(  # noqa: N802
        self, request: training_pb2.CancelTrainingJobRequest, call: Call
    ) -> training_pb2.TrainingJob:
        return await self._jobs.cancel(request, call)

    async def ResumeTrainingJob(  # noqa: N802
        self, request: training_pb2.ResumeTrainingJobRequest, call: Call
    ) -> training_pb2.TrainingJob:
        return await self._jobs.resume(request, call)

    async def DeleteTrainingJob(  # noqa: N802
        self, request: training_pb2.DeleteTrainingJobRequest, call: Call
    ) -> Empty:
        return await self._jobs.delete(request, call)

    def WatchTrainingJob(  # noqa: N802
        self, request: training_pb2.WatchTrainingJobRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.JobEvent]:
        return self._jobs.watch(request, call)
