"""What networks have beyond other uploads: a gene table that they belong to, and names.

A name belongs to one network of a table, so that it always means the same edges; that of a FAILED
one is free again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import InvalidArgumentError, NameTakenError, NotFoundError, Offender
from service.contract.records import GeneTableRecord, NetworkRecord
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page
from service.contract.repositories.uploads import (
    add_upload,
    get_ready,
    page_of,
    require_ready,
)


def add_network(
    session: Session,
    owner: Owner,
    network_id: str,
    *,
    gene_table_id: str,
    name: str,
    spec: Mapping[str, Any],
    source: Blob,
    job_id: str,
) -> NetworkRecord:
    """Record a network as INGESTING.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table is not READY.
        NameTakenError: the gene table has a network of this name.
    """
    require_free(session, owner.project_id, gene_table_id, name)
    return add_upload(
        session,
        owner,
        network_id,
        record=NetworkRecord,
        name=name,
        spec=spec,
        source=source,
        job_id=job_id,
        gene_table_id=gene_table_id,
    )


def require_free(session: Session, project_id: str, gene_table_id: str, name: str) -> None:
    """Check that a network can be added, under a lock on its table.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: the gene table is not READY.
        NameTakenError: the gene table has a network of this name.
    """
    get_ready(session, GeneTableRecord, project_id, gene_table_id, lock=True)
    taken = select(NetworkRecord.id).where(
        NetworkRecord.gene_table_id == gene_table_id,
        NetworkRecord.name == name,
        NetworkRecord.state != DatasetState.FAILED,
    )
    if session.scalar(taken.limit(1)) is not None:
        raise NameTakenError(
            f"gene table {gene_table_id} has a network {name}, and networks never change: give "
            "this one another name"
        )


def get_network(
    session: Session, project_id: str, gene_table_id: str, network_id: str
) -> NetworkRecord:
    """Read a network.

    Raises:
        NotFoundError: this project has no such gene table, or it no such network.
    """
    network = session.scalar(
        select(NetworkRecord).where(
            NetworkRecord.id == network_id,
            NetworkRecord.gene_table_id == gene_table_id,
            NetworkRecord.project_id == project_id,
        )
    )
    if network is None:
        raise NotFoundError(f"no network {network_id} of gene table {gene_table_id}")
    return network


def get_ready_networks(
    session: Session, project_id: str, gene_table_id: str, names: Sequence[str]
) -> list[NetworkRecord]:
    """Networks by name, in the order of the names.

    Raises:
        InvalidArgumentError: the gene table has no network of a name.
        FailedPreconditionError: one is not READY.
    """
    rows = session.scalars(
        select(NetworkRecord).where(
            NetworkRecord.project_id == project_id,
            NetworkRecord.gene_table_id == gene_table_id,
            NetworkRecord.state != DatasetState.FAILED,
        )
    )
    known = {row.name: row for row in rows}
    for index, name in enumerate(names):
        if name not in known:
            message = (
                f"gene table {gene_table_id} has no network {name!r}; it has: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
            field = f"genes.networks[{index}].name"
            raise InvalidArgumentError(
                message, [Offender(field=field, value=name, message=message)]
            )
    return [require_ready(known[name]) for name in names]


def list_networks(
    session: Session, project_id: str, gene_table_id: str, *, page_size: int, page_token: str | None
) -> Page[NetworkRecord]:
    """One page of the networks of a gene table, newest first."""
    query = select(NetworkRecord).where(
        NetworkRecord.project_id == project_id, NetworkRecord.gene_table_id == gene_table_id
    )
    return page_of(session, NetworkRecord, query, page_size=page_size, page_token=page_token)
