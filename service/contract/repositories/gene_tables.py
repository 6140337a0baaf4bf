"""All SQL of gene tables."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.artifacts import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.records import GeneTableRecord
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page, fetch_page


def add_gene_table(
    session: Session,
    owner: Owner,
    gene_table_id: str,
    *,
    name: str,
    spec: Mapping[str, Any],
    source: Blob,
    job_id: str,
) -> GeneTableRecord:
    """Record a gene table as INGESTING."""
    table = GeneTableRecord(
        id=gene_table_id,
        project_id=owner.project_id,
        created_by=owner.created_by,
        name=name,
        state=DatasetState.INGESTING.value,
        spec=dict(spec),
        source_sha256=source.sha256,
        size_bytes=source.size_bytes,
        job_id=job_id,
    )
    session.add(table)
    session.flush()
    return table


def get_gene_table(
    session: Session, project_id: str, gene_table_id: str, *, lock: bool = False
) -> GeneTableRecord:
    """Read a gene table, locked until the transaction ends if asked.

    Raises:
        NotFoundError: this project has no such gene table.
    """
    query = select(GeneTableRecord).where(
        GeneTableRecord.id == gene_table_id, GeneTableRecord.project_id == project_id
    )
    table = session.scalar(query.with_for_update() if lock else query)
    if table is None:
        raise NotFoundError(f"no gene table {gene_table_id}")
    return table


def get_ready_gene_table(
    session: Session, project_id: str, gene_table_id: str, *, lock: bool = False
) -> GeneTableRecord:
    """Read a gene table that can be used.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: it is not READY.
    """
    table = get_gene_table(session, project_id, gene_table_id, lock=lock)
    require_ready("gene table", table.id, table.state)
    return table


def require_ready(noun: str, id_: str, state: str) -> None:
    """Check that something uploaded can be used.

    Raises:
        FailedPreconditionError: it is not READY.
    """
    if state == DatasetState.READY:
        return
    advice = (
        "wait until it is READY"
        if state == DatasetState.INGESTING
        else f"upload the corrected file as a new {noun}"
    )
    raise FailedPreconditionError(f"{noun} {id_} is {state}: {advice}")


def list_gene_tables(
    session: Session,
    project_id: str,
    *,
    state: DatasetState | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[GeneTableRecord]:
    """One page of gene tables, newest first."""
    query = select(GeneTableRecord).where(GeneTableRecord.project_id == project_id)
    if state is not None:
        query = query.where(GeneTableRecord.state == state)
    return fetch_page(
        session,
        query,
        GeneTableRecord.create_time,
        GeneTableRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def mark_ready(
    session: Session, table: GeneTableRecord, *, profile: Mapping[str, Any], blob: Blob
) -> None:
    """Make a gene table READY with what ingest found."""
    table.state = DatasetState.READY.value
    table.profile = dict(profile)
    table.table_sha256 = blob.sha256
    session.flush()
