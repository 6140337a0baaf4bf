"""Messages of gene tables and networks to what handlers take, and back."""

from typing import Annotated

from pydantic import Field

from service.contract.datasets import DatasetState
from service.contract.genes import GeneTableSpec, NetworkSpec
from service.contract.resources import GeneTable, ListAnswer, Network
from service.handlers.requests import PageRequest, require_storable
from service.handlers.uploads import Upload
from service.rpc.arguments import HeaderArguments, PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import genes_pb2


class _TableHeader(HeaderArguments):
    spec: GeneTableSpec = GeneTableSpec()
    name: Annotated[str, Field(min_length=1, max_length=200)] = "genes"


class _NetworkHeader(HeaderArguments):
    spec: NetworkSpec = NetworkSpec()
    name: Annotated[str, Field(min_length=1, max_length=200)] = "network"
    gene_table_id: str = ""


class _ListArguments(PageArguments):
    state: DatasetState | None = None


def table_arguments(header: genes_pb2.GeneTableHeader) -> Upload:
    """What comes beside the bytes of a gene table.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(_TableHeader, header).upload


def network_arguments(header: genes_pb2.NetworkHeader) -> tuple[str, Upload]:
    """The id of the gene table, and what comes beside the bytes of a network.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_NetworkHeader, header)
    require_storable(asked.gene_table_id)
    return asked.gene_table_id, asked.upload


def list_arguments(
    request: genes_pb2.ListGeneTablesRequest,
) -> tuple[PageRequest, DatasetState | None]:
    """Which page of gene tables to list, and the state they are to be in.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    return asked.page, asked.state


def network_page(request: genes_pb2.ListNetworksRequest) -> PageRequest:
    """Which page of networks to list.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(PageArguments, request).page


def gene_table_message(table: GeneTable) -> genes_pb2.GeneTable:
    """A gene table as it is sent."""
    return write_message(genes_pb2.GeneTable(), table.model_dump())


def gene_tables_message(answer: ListAnswer[GeneTable]) -> genes_pb2.ListGeneTablesResponse:
    """A page of gene tables as it is sent."""
    return genes_pb2.ListGeneTablesResponse(
        gene_tables=[gene_table_message(table) for table in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def network_message(network: Network) -> genes_pb2.Network:
    """A network as it is sent."""
    return write_message(genes_pb2.Network(), network.model_dump())


def networks_message(answer: ListAnswer[Network]) -> genes_pb2.ListNetworksResponse:
    """A page of networks as it is sent."""
    return genes_pb2.ListNetworksResponse(
        networks=[network_message(network) for network in answer.items],
        next_page_token=answer.next_page_token or "",
    )
