"""GeneTableService: each method is a conversion, a handler and a conversion."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from service.handlers import deletion, gene_tables
from service.handlers.context import Context
from service.handlers.pace import Pace
from service.rpc import gene_table_converters as converters
from service.rpc.callers import caller_of
from service.rpc.pb.cellgebra.v1 import genes_pb2, genes_pb2_grpc
from service.rpc.uploading import opened, require_ingested

Call = grpc.aio.ServicerContext[Any, Any]


class GeneTableServicer(genes_pb2_grpc.GeneTableServiceServicer):
    """Serves gene tables and their networks."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._run = context.threads.run

    async def CreateGeneTable(  # noqa: N802
        self, request_iterator: AsyncIterator[genes_pb2.CreateGeneTableRequest], call: Call
    ) -> genes_pb2.GeneTable:
        caller = caller_of(call)
        async with opened(request_iterator, Pace(self._context.settings)) as (header, chunks):
            upload = converters.table_arguments(header)
            table = await gene_tables.upload_gene_table(self._context, caller, upload, chunks)
        require_ingested(table, "gene_table_id")
        return converters.gene_table_message(table)

    async def GetGeneTable(  # noqa: N802
        self, request: genes_pb2.GetGeneTableRequest, call: Call
    ) -> genes_pb2.GeneTable:
        get, caller = gene_tables.get_gene_table, caller_of(call)
        table = await self._run(get, self._context, caller, request.id)
        return converters.gene_table_message(table)

    async def ListGeneTables(  # noqa: N802
        self, request: genes_pb2.ListGeneTablesRequest, call: Call
    ) -> genes_pb2.ListGeneTablesResponse:
        page, state = converters.list_arguments(request)
        list_, caller = gene_tables.list_gene_tables, caller_of(call)
        answer = await self._run(list_, self._context, caller, page, state=state)
        return converters.gene_tables_message(answer)

    async def CancelGeneTable(  # noqa: N802
        self, request: genes_pb2.CancelGeneTableRequest, call: Call
    ) -> genes_pb2.GeneTable:
        cancel, caller = gene_tables.cancel_gene_table, caller_of(call)
        table = await self._run(cancel, self._context, caller, request.id)
        return converters.gene_table_message(table)

    async def DeleteGeneTable(  # noqa: N802
        self, request: genes_pb2.DeleteGeneTableRequest, call: Call
    ) -> Empty:
        caller, cascade = caller_of(call), request.cascade
        await deletion.delete_gene_table(self._context, caller, request.id, cascade=cascade)
        return Empty()

    async def CreateNetwork(  # noqa: N802
        self, request_iterator: AsyncIterator[genes_pb2.CreateNetworkRequest], call: Call
    ) -> genes_pb2.Network:
        caller = caller_of(call)
        async with opened(request_iterator, Pace(self._context.settings)) as (header, chunks):
            table_id, upload = converters.network_arguments(header)
            network = await gene_tables.upload_network(
                self._context, caller, table_id, upload, chunks
            )
        require_ingested(network, "network_id")
        return converters.network_message(network)

    async def GetNetwork(  # noqa: N802
        self, request: genes_pb2.GetNetworkRequest, call: Call
    ) -> genes_pb2.Network:
        get, caller = gene_tables.get_network, caller_of(call)
        network = await self._run(get, self._context, caller, request.gene_table_id, request.id)
        return converters.network_message(network)

    async def ListNetworks(  # noqa: N802
        self, request: genes_pb2.ListNetworksRequest, call: Call
    ) -> genes_pb2.ListNetworksResponse:
        page = converters.network_page(request)
        list_, caller = gene_tables.list_networks, caller_of(call)
        answer = await self._run(list_, self._context, caller, request.gene_table_id, page)
        return converters.networks_message(answer)

    async def CancelNetwork(  # noqa: N802
        self, request: genes_pb2.CancelNetworkRequest, call: Call
    ) -> genes_pb2.Network:
        cancel, caller = gene_tables.cancel_network, caller_of(call)
        network = await self._run(cancel, self._context, caller, request.gene_table_id, request.id)
        return converters.network_message(network)

    async def DeleteNetwork(  # noqa: N802
        self, request: genes_pb2.DeleteNetworkRequest, call: Call
    ) -> Empty:
        await deletion.delete_network(
            self._context,
            caller_of(call),
            request.gene_table_id,
            request.id,
            cascade=request.cascade,
        )
        return Empty()
