"""DatasetService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers import datasets, deletion, uploads
from service.handlers.context import Context
from service.handlers.pace import Pace
from service.rpc import dataset_converters as converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import datasets_pb2, datasets_pb2_grpc
from service.rpc.uploading import opened, require_ingested

Call = grpc.aio.ServicerContext[Any, Any]


class DatasetServicer(datasets_pb2_grpc.DatasetServiceServicer):
    """Serves data sets."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def CreateDataset(  # noqa: N802
        self, request_iterator: AsyncIterator[datasets_pb2.CreateDatasetRequest], call: Call
    ) -> datasets_pb2.Dataset:
        caller = caller_of(call)
        async with opened(request_iterator, Pace(self._context.settings)) as (header, chunks):
            upload = converters.upload_arguments(header)
            dataset = await uploads.upload_dataset(self._context, caller, upload, chunks)
        require_ingested(dataset, "dataset_id")
        return converters.dataset_message(dataset)

    async def GetDataset(  # noqa: N802
        self, request: datasets_pb2.GetDatasetRequest, call: Call
    ) -> datasets_pb2.Dataset:
        get, caller = datasets.get_dataset, caller_of(call)
        return converters.dataset_message(await self._run(get, self._context, caller, request.id))

    async def ListDatasets(  # noqa: N802
        self, request: datasets_pb2.ListDatasetsRequest, call: Call
    ) -> datasets_pb2.ListDatasetsResponse:
        page, state = converters.list_arguments(request)
        list_, caller = datasets.list_datasets, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, state=state)
        return converters.datasets_message(answer)

    async def CancelDataset(  # noqa: N802
        self, request: datasets_pb2.CancelDatasetRequest, call: Call
    ) -> datasets_pb2.Dataset:
        cancel, caller = datasets.cancel_dataset, caller_of(call)
        dataset = await self._run(cancel, self._context, caller, request.id)
        return converters.dataset_message(dataset)

    async def DeleteDataset(  # noqa: N802
        self, request: datasets_pb2.DeleteDatasetRequest, call: Call
    ) -> Empty:
        caller, cascade = caller_of(call), request.cascade
        await deletion.delete_dataset(self._context, caller, request.id, cascade=cascade)
        return Empty()
