"""Gene tables and their networks: upload, get, list and cancel."""

from collections.abc import AsyncIterator
from functools import partial

from service.contract.datasets import DatasetState
from service.contract.jobs import JobKind
from service.contract.records import GeneTableRecord
from service.contract.repositories import networks
from service.contract.repositories.artifacts import write_blobs
from service.contract.repositories.uploads import (
    add_upload,
    cancel_ingest,
    get_ready,
    get_upload,
    ingests_of,
    list_uploads,
)
from service.contract.resources import GeneTable, ListAnswer, Network
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_gene_table, to_list, to_network
from service.handlers.requests import PageRequest
from service.handlers.uploads import Ingest, Upload, store_upload


async def upload_gene_table(
    context: Context, caller: Caller, upload: Upload, chunks: AsyncIterator[bytes]
) -> GeneTable:
    """Store a gene table and start its ingest; see `store_upload`.

    Raises:
        InvalidArgumentError: the body is empty, cut off or too large.
        ConflictError: the request id was used with another table, name or spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    ingest = Ingest(JobKind.GENE_TABLE, "genes", partial(add_upload, record=GeneTableRecord))
    gene_table_id = await store_upload(context, caller, upload, chunks, ingest=ingest)
    return await context.threads.run(get_gene_table, context, caller, gene_table_id)


async def upload_network(
    context: Context,
    caller: Caller,
    gene_table_id: str,
    upload: Upload,
    chunks: AsyncIterator[bytes],
) -> Network:
    """Store an edge list and start its ingest; see `store_upload`.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table is not READY.
        NameTakenError: the gene table has a network of this name.
        InvalidArgumentError: the body is empty, cut off or too large.
        ConflictError: the request id was used with another file, name or spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    parent = {"gene_table_id": gene_table_id}
    ingest = Ingest(JobKind.NETWORK, "network", networks.add_network, parent)
    # Before a large body is read; the row is added under the same rule.
    await context.threads.run(_require_gene_table, context, caller, gene_table_id)
    network_id = await store_upload(context, caller, upload, chunks, ingest=ingest)
    return await context.threads.run(get_network, context, caller, gene_table_id, network_id)


def get_gene_table(context: Context, caller: Caller, gene_table_id: str) -> GeneTable:
    """Read a gene table.

    Raises:
        NotFoundError: this project has no such gene table.
    """
    with context.database.read() as session:
        row = get_upload(session, GeneTableRecord, caller.project_id, gene_table_id)
        return to_gene_table(row, ingests_of(session, [row]).get(row.id))


def list_gene_tables(
    context: Context, caller: Caller, page: PageRequest, *, state: DatasetState | None = None
) -> ListAnswer[GeneTable]:
    """One page of gene tables, newest first."""
    with context.database.read() as session:
        found = list_uploads(
            session,
            GeneTableRecord,
            caller.project_id,
            state=state,
            page_size=page.size,
            page_token=page.token,
        )
        ingests = ingests_of(session, found.rows)
        return to_list(found, lambda row: to_gene_table(row, ingests.get(row.id)))


def get_network(context: Context, caller: Caller, gene_table_id: str, network_id: str) -> Network:
    """Read a network.

    Raises:
        NotFoundError: this project has no such gene table, or it no such network.
    """
    with context.database.read() as session:
        row = networks.get_network(session, caller.project_id, gene_table_id, network_id)
        return to_network(row, ingests_of(session, [row]).get(row.id))


def list_networks(
    context: Context, caller: Caller, gene_table_id: str, page: PageRequest
) -> ListAnswer[Network]:
    """One page of the networks of a gene table, newest first.

    Raises:
        NotFoundError: this project has no such gene table.
    """
    with context.database.read() as session:
        get_upload(session, GeneTableRecord, caller.project_id, gene_table_id)
        found = networks.list_networks(
            session,
            caller.project_id,
            gene_table_id,
            page_size=page.size,
            page_token=page.token,
        )
        ingests = ingests_of(session, found.rows)
        return to_list(found, lambda row: to_network(row, ingests.get(row.id)))


def cancel_gene_table(context: Context, caller: Caller, gene_table_id: str) -> GeneTable:
    """Cancel its ingest: FAILED at once where it waits, else when its worker sees it.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: its ingest has ended.
    """
    with write_blobs(context.database, context.store) as session:
        cancel_ingest(
            session, get_upload(session, GeneTableRecord, caller.project_id, gene_table_id)
        )
    return get_gene_table(context, caller, gene_table_id)


def cancel_network(
    context: Context, caller: Caller, gene_table_id: str, network_id: str
) -> Network:
    """Cancel its ingest, as of a gene table.

    Raises:
        NotFoundError: this project has no such gene table, or it no such network.
        FailedPreconditionError: its ingest has ended.
    """
    with write_blobs(context.database, context.store) as session:
        cancel_ingest(
            session, networks.get_network(session, caller.project_id, gene_table_id, network_id)
        )
    return get_network(context, caller, gene_table_id, network_id)


def _require_gene_table(context: Context, caller: Caller, gene_table_id: str) -> None:
    with context.database.read() as session:
        get_ready(session, GeneTableRecord, caller.project_id, gene_table_id)
