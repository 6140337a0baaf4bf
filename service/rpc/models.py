"""ModelService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers import comparing, exporting, models, registry
from service.handlers.context import Context
from service.rpc import registry_converters as converters
from service.rpc.arguments import sooner
from service.rpc.callers import caller_of
from service.rpc.downloading import file_parts, made_parts
from service.rpc.pb.cellgebra.v1 import jobs_pb2, registry_pb2, registry_pb2_grpc

Call = grpc.aio.ServicerContext[Any, Any]


class ModelServicer(registry_pb2_grpc.ModelServiceServicer):
    """Serves models."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def GetModel(  # noqa: N802
        self, request: registry_pb2.GetModelRequest, call: Call
    ) -> registry_pb2.Model:
        get, caller = models.get_model, caller_of(call)
        return converters.model_message(await self._run(get, self._context, caller, request.id))

    async def ListModels(  # noqa: N802
        self, request: registry_pb2.ListModelsRequest, call: Call
    ) -> registry_pb2.ListModelsResponse:
        page, wanted = converters.models_arguments(request)
        list_, caller = models.list_models, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, wanted)
        return converters.models_message(answer)

    async def DeleteModel(  # noqa: N802
        self, request: registry_pb2.DeleteModelRequest, call: Call
    ) -> Empty:
        await models.delete_model(self._context, caller_of(call), request.id)
        return Empty()

    async def CheckModel(  # noqa: N802
        self, request: registry_pb2.CheckModelRequest, call: Call
    ) -> registry_pb2.ModelReadiness:
        check, caller = models.check_model, caller_of(call)
        readiness = await self._run(check, self._context, caller, request.id)
        return converters.readiness_message(readiness)

    async def ArchiveModel(  # noqa: N802
        self, request: registry_pb2.ArchiveModelRequest, call: Call
    ) -> registry_pb2.Model:
        archive, caller = models.archive_model, caller_of(call)
        model = await self._run(archive, self._context, caller, request.id)
        return converters.model_message(model)

    async def UnarchiveModel(  # noqa: N802
        self, request: registry_pb2.UnarchiveModelRequest, call: Call
    ) -> registry_pb2.Model:
        archive, caller = models.archive_model, caller_of(call)
        model = await self._run(archive, self._context, caller, request.id, is_archived=False)
        return converters.model_message(model)

    async def PromoteModel(  # noqa: N802
        self, request: registry_pb2.PromoteModelRequest, call: Call
    ) -> registry_pb2.Promotion:
        reference, asked = converters.promote_arguments(request)
        promote, caller = registry.promote, caller_of(call)
        promotion = await self._run(promote, self._context, caller, reference, asked)
        return converters.promotion_message(promotion)

    async def CompareModels(  # noqa: N802
        self, request: registry_pb2.CompareModelsRequest, call: Call
    ) -> registry_pb2.CompareModelsResponse:
        asked = converters.compare_arguments(request, call.time_remaining())
        comparison = await comparing.compare(self._context, caller_of(call), asked)
        return converters.comparison_message(comparison)

    async def DownloadModelReport(  # noqa: N802
        self, request: registry_pb2.DownloadModelReportRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        find, caller, is_page = models.find_report, caller_of(call), converters.is_page(request)
        sha256, path = await self._run(find, self._context, caller, request.id, is_page=is_page)
        async for part in file_parts(self._context.threads, path, sha256):
            yield part

    async def ExportModel(  # noqa: N802
        self, request: registry_pb2.ExportModelRequest, call: Call
    ) -> AsyncIterator[jobs_pb2.FilePart]:
        caller, with_onnx = caller_of(call), converters.with_onnx(request)
        archive = await exporting.export_model(
            self._context,
            caller,
            request.id,
            with_onnx=with_onnx,
            timeout_seconds=sooner(exporting.ONNX_TIMEOUT_SECONDS, call.time_remaining()),
        )
        async with aclosing(made_parts(self._context.threads, archive.chunks)) as parts:
            async for part in parts:
                yield part
