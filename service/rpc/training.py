"""TrainingService: each method is a conversion, a handler and a conversion."""

from typing import Any

import grpc

from service.handlers.context import Context
from service.handlers.training_jobs import TRAINING_JOBS, create_training_job
from service.rpc import converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import training_pb2, training_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class TrainingServicer(training_pb2_grpc.TrainingServiceServicer):
    """Serves training jobs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

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
        get = TRAINING_JOBS.get
        job = await self._run(get, self._context, caller_of(call), request.id)
        return converters.training_job_message(job)

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
        cancel = TRAINING_JOBS.cancel
        job = await self._run(cancel, self._context, caller_of(call), request.id)
        return converters.training_job_message(job)

    async def ResumeTrainingJob(  # noqa: N802
        self, request: training_pb2.ResumeTrainingJobRequest, call: Call
    ) -> training_pb2.TrainingJob:
        resume = TRAINING_JOBS.resume
        job = await self._run(resume, self._context, caller_of(call), request.id)
        return converters.training_job_message(job)
