"""Artifacts: list, and find the file of one."""

from pathlib import Path

from service.contract.errors import InvalidArgumentError, Offender
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
    found = get_artifact(context, caller, sha256)
    return found, context.store.path(found.sha256)  # it may come from far, for as long as it takes


def get_artifact(context: Context, caller: Caller, sha256: str) -> Artifact:
    """What is known of a blob of the caller's project.

    Raises:
        NotFoundError: this project holds no such blob.
    """
    with context.database.read() as session:
        return to_artifact(artifacts.get_artifact(session, caller.project_id, sha256))


def part_of(size_bytes: int, offset_bytes: int, limit_bytes: int | None) -> tuple[int, int]:
    """Where a part of a file begins and ends: from the offset on, and no more than the limit.

    Raises:
        InvalidArgumentError: the file has no such byte to begin at.
    """
    if not 0 <= offset_bytes <= size_bytes or (offset_bytes == size_bytes > 0):
        message = f"the artifact has {size_bytes} bytes, counted from 0"
        raise InvalidArgumentError(
            f"offset_bytes: {message}", [Offender(field="offset_bytes", message=message)]
        )
    end = size_bytes if limit_bytes is None else min(size_bytes, offset_bytes + limit_bytes)
    return offset_bytes, end


def list_artifacts(context: Context, caller: Caller, page: PageRequest) -> ListAnswer[Artifact]:
    """One page of artifacts, newest first."""
    with context.database.read() as session:
        rows = artifacts.list_artifacts(
            session, caller.project_id, page_size=page.size, page_token=page.token
        )
        return to_list(rows, to_artifact)
