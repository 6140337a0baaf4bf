"""ArtifactService: blobs, looked up, listed and sent."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import grpc
from pydantic import BaseModel, Field

from service.contract.resources import Artifact
from service.handlers import artifacts
from service.handlers.context import Context
from service.rpc.arguments import PageArguments
from service.rpc.callers import caller_of
from service.rpc.converters import parsed
from service.rpc.downloading import file_parts
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import artifacts_pb2, artifacts_pb2_grpc, jobs_pb2

Call = grpc.aio.ServicerContext[Any, Any]


class _DownloadArguments(BaseModel):
    sha256: str = ""
    offset_bytes: int = 0
    limit_bytes: Annotated[int, Field(ge=1)] | None = None


class ArtifactServicer(artifacts_pb2_grpc.ArtifactServiceServicer):
    """Serves artifacts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def GetArtifact(  # noqa: N802
        self, request: artifacts_pb2.GetArtifactRequest, call: Call
    ) -> artifacts_pb2.Artifact:
        get, caller = artifacts.get_artifact, caller_of(call)
        return _message(await self._run(get, self._context, caller, request.sha256))

    async def ListArtifacts(  # noqa: N802
        self, request: artifacts_pb2.ListArtifactsRequest, call: Call
    ) -> artifacts_pb2.ListArtifactsResponse:
        page = parsed(PageArguments, request).page
        answer = await self._run(artifacts.list_artifacts, self._context, caller_of(call), page)
        return artifacts_pb2.ListArtifactsResponse(
            artifacts=[_message(artifact) for artifact in answer.items],
            next_page_token=answer.next_page_token or "",
        )

    async def DownloadArtifact(  # noqa: N802
        self, request: artifacts_pb2.DownloadArtifactRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        asked, caller = parsed(_DownloadArguments, request), caller_of(call)
        find = artifacts.find_artifact
        artifact, path = await self._run(find, self._context, caller, asked.sha256)
        begin, end = artifacts.part_of(artifact.size_bytes, asked.offset_bytes, asked.limit_bytes)
        threads = self._context.threads
        async for part in file_parts(threads, path, artifact.sha256, begin=begin, end=end):
            yield part


def _message(artifact: Artifact) -> artifacts_pb2.Artifact:
    return write_message(artifacts_pb2.Artifact(), artifact.model_dump())
