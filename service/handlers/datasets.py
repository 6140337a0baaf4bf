"""Data sets: get and list. How one comes in is in `uploads`."""

from service.contract.datasets import DatasetState
from service.contract.records import DatasetRecord
from service.contract.repositories.uploads import get_upload, list_uploads
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
        return to_dataset(get_upload(session, DatasetRecord, caller.project_id, dataset_id))


def list_datasets(
    context: Context, caller: Caller, page: PageRequest, *, state: DatasetState | None = None
) -> ListAnswer[Dataset]:
    """One page of data sets, newest first."""
    with context.database.read() as session:
        rows = list_uploads(
            session,
            DatasetRecord,
            caller.project_id,
            state=state,
            page_size=page.size,
            page_token=page.token,
        )
        return to_list(rows, to_dataset)
