"""Data sets: get, list and cancel. How one comes in is in `uploads`."""

from service.contract.datasets import DatasetState
from service.contract.records import DatasetRecord
from service.contract.repositories.artifacts import write_blobs
from service.contract.repositories.uploads import (
    cancel_ingest,
    get_upload,
    ingests_of,
    list_uploads,
)
from service.contract.resources import Dataset, ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_dataset, to_list
from service.handlers.requests import PageRequest


def get_dataset(context: Context, caller: Caller, dataset_id: str) -> Dataset:
    """Read a data set.

    Raises:
        NotFoundError: this project has no such data set.
    """
    with context.database.read() as session:
        row = get_upload(session, DatasetRecord, caller.project_id, dataset_id)
        return to_dataset(row, ingests_of(session, [row]).get(row.id))


def list_datasets(
    context: Context, caller: Caller, page: PageRequest, *, state: DatasetState | None = None
) -> ListAnswer[Dataset]:
    """One page of data sets, newest first."""
    with context.database.read() as session:
        found = list_uploads(
            session,
            DatasetRecord,
            caller.project_id,
            state=state,
            page_size=page.size,
            page_token=page.token,
        )
        ingests = ingests_of(session, found.rows)
        return to_list(found, lambda row: to_dataset(row, ingests.get(row.id)))


def cancel_dataset(context: Context, caller: Caller, dataset_id: str) -> Dataset:
    """Cancel its ingest: FAILED at once where it waits, else when its worker sees it.

    Raises:
        NotFoundError: this project has no such data set.
        FailedPreconditionError: its ingest has ended.
    """
    with write_blobs(context.database, context.store) as session:
        cancel_ingest(session, get_upload(session, DatasetRecord, caller.project_id, dataset_id))
    return get_dataset(context, caller, dataset_id)
