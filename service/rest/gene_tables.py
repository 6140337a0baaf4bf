"""Routes of gene tables and their networks."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.contract.datasets import DatasetState
from service.contract.genes import GeneTableSpec, NetworkSpec
from service.contract.resources import GeneTable, ListAnswer, Network
from service.handlers import deletion, gene_tables
from service.handlers.invalid import parse_json
from service.handlers.uploads import Upload
from service.rest.access import CallerDep
from service.rest.parameters import CascadeDep, ContextDep, PageDep, RequestIdDep, problems
from service.rest.uploading import (
    TABLE_BODY,
    Sha256,
    announced_bytes,
    require_raw_body,
    upload_answer,
)

router = APIRouter(prefix="/v1/gene-tables", tags=["gene tables"])

UPLOAD_PATH = re.compile(r"/v1/gene-tables(/[^/]+/networks)?")

_TABLE_EXAMPLE = '{"locus_column": "orf", "alias_columns": ["name"], "off_when_held_out": ["emb*"]}'
_NETWORK_EXAMPLE = '{"source_column": "a", "target_column": "b", "score_unit": 1000}'
_UploadName = Annotated[str, Query(min_length=1, max_length=200)]


@router.post(
    "",
    operation_id="createGeneTable",
    summary="Upload features and other names of genes",
    status_code=201,
    response_model=GeneTable,
    responses={
        202: {"model": GeneTable, "description": "Stored; ingest goes on: poll `Location`"},
        **problems(409, 413, 422),
    },
    openapi_extra={"requestBody": TABLE_BODY},
)
async def create_gene_table(
    *,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    spec: Annotated[
        str,
        Query(
            description="What the columns mean: a `GeneTableSpec` as JSON",
            examples=[_TABLE_EXAMPLE],
        ),
    ] = "{}",
    name: _UploadName = "genes",
    sha256: Sha256 = None,
) -> Response:
    """The body is streamed to disk, then parsed and profiled by a worker.

    201: READY, for good. 202: ingest takes longer than the service waits. 422: the table does not
    hold what the spec says; `errors` lists rows and columns, `gene_table_id` names the FAILED one.
    """
    require_raw_body(request)
    upload = Upload(
        name=name,
        spec=parse_json(GeneTableSpec, spec, field="spec"),
        size_bytes=announced_bytes(request),
        sha256=sha256,
        request_id=request_id,
    )
    table = await gene_tables.upload_gene_table(context, caller, upload, request.stream())
    return upload_answer(request, table, f"{router.prefix}/{table.id}", "gene_table_id")


@router.get("", operation_id="listGeneTables", summary="List gene tables", responses=problems(422))
async def list_gene_tables(
    context: ContextDep, caller: CallerDep, page: PageDep, state: DatasetState | None = None
) -> ListAnswer[GeneTable]:
    """Newest first."""
    return await context.threads.run(
        gene_tables.list_gene_tables, context, caller, page, state=state
    )


@router.get(
    "/{gene_table_id}",
    operation_id="getGeneTable",
    summary="Get a gene table",
    responses=problems(404),
)
async def get_gene_table(context: ContextDep, caller: CallerDep, gene_table_id: str) -> GeneTable:
    """With its profile once it is READY, with what is wrong once it is FAILED."""
    return await context.threads.run(gene_tables.get_gene_table, context, caller, gene_table_id)


@router.post(
    "/{gene_table_id}/networks",
    operation_id="createNetwork",
    summary="Upload a network of the genes of a table",
    status_code=201,
    response_model=Network,
    responses={
        202: {"model": Network, "description": "Stored; ingest goes on: poll `Location`"},
        **problems(404, 409, 413, 422),
    },
    openapi_extra={"requestBody": TABLE_BODY},
)
async def create_network(
    *,
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    gene_table_id: str,
    spec: Annotated[
        str,
        Query(
            description="What the columns mean: a `NetworkSpec` as JSON",
            examples=[_NETWORK_EXAMPLE],
        ),
    ] = "{}",
    name: _UploadName = "network",
    sha256: Sha256 = None,
) -> Response:
    """The body is a list of edges, one a row; the gene table has to be READY.

    201: READY, for good. 202: ingest takes longer than the service waits. 409: the table has a
    network of this name. 422: the list does not hold what the spec says, or none of its names is
    in the table; `network_id` names the FAILED network.
    """
    require_raw_body(request)
    upload = Upload(
        name=name,
        spec=parse_json(NetworkSpec, spec, field="spec"),
        size_bytes=announced_bytes(request),
        sha256=sha256,
        request_id=request_id,
    )
    network = await gene_tables.upload_network(
        context, caller, gene_table_id, upload, request.stream()
    )
    location = f"{router.prefix}/{network.gene_table_id}/networks/{network.id}"
    return upload_answer(request, network, location, "network_id")


@router.get(
    "/{gene_table_id}/networks",
    operation_id="listNetworks",
    summary="List the networks of a gene table",
    responses=problems(404, 422),
)
async def list_networks(
    context: ContextDep, caller: CallerDep, gene_table_id: str, page: PageDep
) -> ListAnswer[Network]:
    """Newest first."""
    return await context.threads.run(
        gene_tables.list_networks, context, caller, gene_table_id, page
    )


@router.get(
    "/{gene_table_id}/networks/{network_id}",
    operation_id="getNetwork",
    summary="Get a network",
    responses=problems(404),
)
async def get_network(
    context: ContextDep, caller: CallerDep, gene_table_id: str, network_id: str
) -> Network:
    """With its profile once it is READY, with what is wrong once it is FAILED."""
    return await context.threads.run(
        gene_tables.get_network, context, caller, gene_table_id, network_id
    )


@router.post(
    "/{gene_table_id}:cancel",
    operation_id="cancelGeneTable",
    summary="Cancel the ingest of a gene table",
    responses=problems(404, 409),
)
async def cancel_gene_table(
    context: ContextDep, caller: CallerDep, gene_table_id: str
) -> GeneTable:
    """FAILED at once where its ingest waits, else INGESTING until its worker sees it."""
    return await context.threads.run(gene_tables.cancel_gene_table, context, caller, gene_table_id)


@router.post(
    "/{gene_table_id}/networks/{network_id}:cancel",
    operation_id="cancelNetwork",
    summary="Cancel the ingest of a network",
    responses=problems(404, 409),
)
async def cancel_network(
    context: ContextDep, caller: CallerDep, gene_table_id: str, network_id: str
) -> Network:
    """FAILED at once where its ingest waits, else INGESTING until its worker sees it."""
    return await context.threads.run(
        gene_tables.cancel_network, context, caller, gene_table_id, network_id
    )


@router.delete(
    "/{gene_table_id}",
    operation_id="deleteGeneTable",
    summary="Delete a gene table",
    status_code=204,
    responses=problems(404, 409),
)
async def delete_gene_table(
    context: ContextDep,
    caller: CallerDep,
    gene_table_id: str,
    *,
    cascade: CascadeDep = False,
) -> None:
    """With what is stored of it. Refused while it has networks or trainings, but with `cascade`."""
    await deletion.delete_gene_table(context, caller, gene_table_id, cascade=cascade)


@router.delete(
    "/{gene_table_id}/networks/{network_id}",
    operation_id="deleteNetwork",
    summary="Delete a network",
    status_code=204,
    responses=problems(404, 409),
)
async def delete_network(
    context: ContextDep,
    caller: CallerDep,
    gene_table_id: str,
    network_id: str,
    *,
    cascade: CascadeDep = False,
) -> None:
    """With what is stored of it. Refused while trainings depend on it, but with `cascade`."""
    await deletion.delete_network(context, caller, gene_table_id, network_id, cascade=cascade)
