"""Delete what a user has made, with what is stored of it and, if asked, all that depends on it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from service.contract.jobs import JobKind
from service.contract.records import DatasetRecord, GeneTableRecord, UploadRecord
from service.contract.repositories import jobs, networks, sweeps
from service.contract.repositories.artifacts import write_blobs
from service.contract.repositories.deletion import Thing, delete_thing
from service.contract.repositories.uploads import get_upload
from service.handlers.context import Caller, Context


async def delete_dataset(
    context: Context, caller: Caller, dataset_id: str, *, cascade: bool = False
) -> None:
    """Delete a data set; with `cascade` also trainings on it, their models, and sweeps.

    Raises:
        NotFoundError: this project has no such data set.
        FailedPreconditionError: as `delete_thing`.
    """
    await _delete(context, _upload(DatasetRecord, caller, dataset_id), cascade=cascade)


async def delete_gene_table(
    context: Context, caller: Caller, gene_table_id: str, *, cascade: bool = False
) -> None:
    """Delete a gene table; with `cascade` also its networks and what was trained with it.

    Raises:
        NotFoundError: this project has no such gene table.
        FailedPreconditionError: as `delete_thing`.
    """
    await _delete(context, _upload(GeneTableRecord, caller, gene_table_id), cascade=cascade)


async def delete_network(
    context: Context,
    caller: Caller,
    gene_table_id: str,
    network_id: str,
    *,
    cascade: bool = False,
) -> None:
    """Delete a network; with `cascade` also what was trained with it.

    Raises:
        NotFoundError: this project has no such gene table, or it no such network.
        FailedPreconditionError: as `delete_thing`.
    """

    def find(session: Session) -> Thing:
        get_upload(session, GeneTableRecord, caller.project_id, gene_table_id, lock=True)
        return networks.get_network(session, caller.project_id, gene_table_id, network_id)

    await _delete(context, find, cascade=cascade)


async def delete_job(
    context: Context, caller: Caller, kind: JobKind, job_id: str, *, cascade: bool = False
) -> None:
    """Delete a job that has ended, with its events and files; with `cascade` also its model.

    Raises:
        NotFoundError: this project has no such job.
        FailedPreconditionError: as `delete_thing`.
    """

    def find(session: Session) -> Thing:
        return jobs.get_job(session, caller.project_id, kind, job_id, lock=True)

    await _delete(context, find, cascade=cascade)


async def delete_sweep(
    context: Context, caller: Caller, sweep_id: str, *, cascade: bool = False
) -> None:
    """Delete a sweep that has ended; with `cascade` also its jobs, and the model it has found.

    Raises:
        NotFoundError: this project has no such sweep.
        FailedPreconditionError: as `delete_thing`.
    """

    def find(session: Session) -> Thing:
        return sweeps.get_sweep(session, caller.project_id, sweep_id, lock=True)

    await _delete(context, find, cascade=cascade)


def _upload(
    record: type[UploadRecord], caller: Caller, id_: str
) -> Callable[[Session], UploadRecord]:
    def find(session: Session) -> UploadRecord:
        return get_upload(session, record, caller.project_id, id_, lock=True)

    return find


async def _delete(context: Context, find: Callable[[Session], Thing], *, cascade: bool) -> None:
    def run() -> None:
        with write_blobs(context.database, context.store) as session:
            delete_thing(session, find(session), cascade=cascade)

    await context.threads.run(run)
    context.manifests.forget_names()
