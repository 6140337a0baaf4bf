"""ScoringService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.contract.errors import CellgebraError, InvalidArgumentError
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import TableInput
from service.handlers import scoring_jobs
from service.handlers.context import Caller, Context
from service.handlers.pace import Pace
from service.handlers.scoring_jobs import SCORING_JOBS, Body
from service.rpc import scoring_job_converters as converters
from service.rpc.callers import caller_of
from service.rpc.job_methods import JobMethods
from service.rpc.paths import request_path
from service.rpc.pb.cellgebra.v1 import jobs_pb2, scoring_pb2, scoring_pb2_grpc
from service.rpc.uploading import opened

Call = grpc.aio.ServicerContext[Any, Any]


class ScoringServicer(scoring_pb2_grpc.ScoringServiceServicer):
    """Serves scoring jobs, and their results."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run
        self._jobs = JobMethods(context, SCORING_JOBS, converters.scoring_job_message)

    async def CreateScoringJob(  # noqa: N802
        self, request_iterator: AsyncIterator[scoring_pb2.CreateScoringJobRequest], call: Call
    ) -> scoring_pb2.ScoringJob:
        async with opened(request_iterator, Pace(self._context.settings)) as (header, chunks):
            asked = converters.header_arguments(header)
            try:
                job = await self._create(caller_of(call), asked, chunks)
            except CellgebraError as error:  # fields of the spec, as REST has it alone
                for offender in error.offenders:
                    offender.field = request_path(header, offender.field or "")
                raise
        return converters.scoring_job_message(job)

    async def _create(
        self, caller: Caller, asked: converters.HeaderArguments, chunks: AsyncIterator[bytes]
    ) -> ScoringJob:
        request_id = asked.request_text
        if isinstance(asked.spec.input, TableInput):
            body = Body(chunks, asked.size_bytes, request_id, asked.sha256)
            return await scoring_jobs.score_table(self._context, caller, asked.spec, body)
        scoring_jobs.require_no_table(asked.sha256)
        if await anext(chunks, None) is not None:
            raise InvalidArgumentError(
                "combinations need no table: end the stream behind the header"
            )
        return await scoring_jobs.score_combinations(
            self._context, caller, asked.spec, request_id=request_id
        )

    async def GetScoringJob(  # noqa: N802
        self, request: scoring_pb2.GetScoringJobRequest, call: Call
    ) -> scoring_pb2.ScoringJob:
        return await self._jobs.get(request, call)

    async def ListScoringJobs(  # noqa: N802
        self, request: scoring_pb2.ListScoringJobsRequest, call: Call
    ) -> scoring_pb2.ListScoringJobsResponse:
        page, filters = converters.list_arguments(request)
        list_jobs = SCORING_JOBS.list
        answer = await self._run(list_jobs, self._context, caller_of(call), page, **filters)
        return converters.scoring_jobs_message(answer)

    async def CancelScoringJob(  # noqa: N802
        self, request: scoring_pb2.CancelScoringJobRequest, call: Call
    ) -> scoring_pb2.ScoringJob:
        return await self._jobs.cancel(request, call)

    async def ResumeScoringJob(  # noqa: N802
        self, request: scoring_pb2.ResumeScoringJobRequest, call: Call
    ) -> scoring_pb2.ScoringJob:
        return await self._jobs.resume(request, call)

    async def DeleteScoringJob(  # noqa: N802
        self, request: scoring_pb2.DeleteScoringJobRequest, call: Call
    ) -> Empty:
        return await self._jobs.delete(request, call)

    def WatchScoringJob(  # noqa: N802
        self, request: scoring_pb2.WatchScoringJobRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.JobEvent]:
        return self._jobs.watch(request, call)

    def DownloadScoringFile(  # noqa: N802
        self, request: scoring_pb2.DownloadScoringFileRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        return self._jobs.download(request.id, converters.file_name(request), call)
