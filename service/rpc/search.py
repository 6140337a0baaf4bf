"""SearchService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers.context import Context
from service.handlers.search_jobs import SEARCH_JOBS, create_search_job, list_proposals
from service.rpc import search_converters as converters
from service.rpc.callers import caller_of
from service.rpc.job_methods import JobMethods
from service.rpc.pb.cellgebra.v1 import jobs_pb2, search_pb2, search_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class SearchServicer(search_pb2_grpc.SearchServiceServicer):
    """Serves searches, and what they propose."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run
        self._jobs = JobMethods(context, SEARCH_JOBS, converters.search_job_message)

    async def CreateSearchJob(  # noqa: N802
        self, request: search_pb2.CreateSearchJobRequest, call: Call
    ) -> search_pb2.SearchJob:
        spec, request_id = converters.create_arguments(request)
        create, caller = create_search_job, caller_of(call)
        job = await self._run(create, self._context, caller, spec, request_id=request_id)
        return converters.search_job_message(job)

    async def GetSearchJob(  # noqa: N802
        self, request: search_pb2.GetSearchJobRequest, call: Call
    ) -> search_pb2.SearchJob:
        return await self._jobs.get(request, call)

    async def ListSearchJobs(  # noqa: N802
        self, request: search_pb2.ListSearchJobsRequest, call: Call
    ) -> search_pb2.ListSearchJobsResponse:
        page, filters = converters.list_arguments(request)
        list_jobs = SEARCH_JOBS.list
        answer = await self._run(list_jobs, self._context, caller_of(call), page, **filters)
        return converters.search_jobs_message(answer)

    async def CancelSearchJob(  # noqa: N802
        self, request: search_pb2.CancelSearchJobRequest, call: Call
    ) -> search_pb2.SearchJob:
        return await self._jobs.cancel(request, call)

    async def ResumeSearchJob(  # noqa: N802
        self, request: search_pb2.ResumeSearchJobRequest, call: Call
    ) -> search_pb2.SearchJob:
        return await self._jobs.resume(request, call)

    async def DeleteSearchJob(  # noqa: N802
        self, request: search_pb2.DeleteSearchJobRequest, call: Call
    ) -> Empty:
        return await self._jobs.delete(request, call)

    def WatchSearchJob(  # noqa: N802
        self, request: search_pb2.WatchSearchJobRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.JobEvent]:
        return self._jobs.watch(request, call)

    async def ListProposals(  # noqa: N802
        self, request: search_pb2.ListProposalsRequest, call: Call
    ) -> search_pb2.ListProposalsResponse:
        wanted, page = converters.proposal_arguments(request)
        list_, caller = list_proposals, caller_of(call)
        answer = await self._run(list_, self._context, caller, request.id, wanted, page)
        return converters.proposals_message(answer)

    def DownloadSearchFile(  # noqa: N802
        self, request: search_pb2.DownloadSearchFileRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        return self._jobs.download(request.id, converters.file_name(request), call)
