"""Models: get, with the manifest, and list."""

from service.contract.manifests import ModelManifest
from service.contract.repositories import models
from service.contract.resources import ListAnswer, Model
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list, to_model
from service.handlers.requests import PageRequest


def get_model(context: Context, caller: Caller, model_id: str) -> Model:
    """Read a model and its manifest.

    Raises:
        NotFoundError: this project has no such model.
    """
    with context.database.read() as session:
        row = models.get_model(session, caller.project_id, model_id)
    manifest = ModelManifest.model_validate_json(context.store.read(row.manifest_sha256))
    return to_model(row, manifest)


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
