"""Artifacts: list, and find the file of one."""

from pathlib import Path

from service.contract.repositories import artifacts
from service.contract.resources import Artifact, ListAnswer
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_artifact, to_list
from service.handlers.requests import PageRequest


def find_artifact(context: Context, caller: Caller, sha256: str) -> tuple[Artifact, Path]:
    """A blob of the caller's project, and where it lies.

    Raises:
        NotFoundError: this project holds no such blob.
    """
    with context.database.read() as session:
        row = artifacts.get_artifact(session, caller.project_id, sha256)
        return to_artifact(row), context.store.path(row.sha256)


def list_artifacts(context: Context, caller: Caller, page: PageRequest) -> ListAnswer[Artifact]:
    """One page of artifacts, newest first."""
    with context.database.read() as session:
        rows = artifacts.list_artifacts(
            session, caller.project_id, page_size=page.size, page_token=page.token
        )
        return to_list(rows, to_artifact)
