"""Models: get, with the manifest, and list."""

from contextlib import suppress
from pathlib import Path

from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.repositories import models
from service.contract.resources import ListAnswer, Model
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list, to_model
from service.handlers.requests import PageRequest


def get_model(context: Context, caller: Caller, model_id: str) -> Model:
    """Read a model and its manifest; without it where that is of another format.

    Raises:
        NotFoundError: this project has no such model.
    """
    with context.database.read() as session:
        row = models.get_model(session, caller.project_id, model_id)
    manifest: ModelManifest | None = None
    with suppress(FailedPreconditionError):  # its report is still worth reading
        manifest = read_manifest(context.store.read(row.manifest_sha256))
    return to_model(row, manifest)


def find_report(
    context: Context, caller: Caller, model_id: str, *, is_page: bool
) -> tuple[str, Path]:
    """Hash and file of a model's report: the page, or the JSON.

    Raises:
        NotFoundError: this project has no such model, or the model has no such report.
    """
    with context.database.read() as session:
        row = models.get_model(session, caller.project_id, model_id)
    sha256 = row.report_page_sha256 if is_page else row.report_sha256
    if sha256 is None:
        raise NotFoundError(
            f"model {model_id} has no {'page' if is_page else 'file'} of its report: it is older "
            "than these, or the page could not be drawn; its figures are in the model's `report`"
        )
    return sha256, context.store.path(sha256)


def list_models(
    context: Context, caller: Caller, page: PageRequest, *, dataset_id: str | None = None
) -> ListAnswer[Model]:
    """One page of models, newest first, without manifests."""
    with context.database.read() as session:
        rows = models.list_models(
            session,
            caller.project_id,
            dataset_id=dataset_id,
            page_size=page.size,
            page_token=page.token,
        )
        return to_list(rows, to_model)
