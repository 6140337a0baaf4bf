"""Models: get, with the manifest, list, archive, delete, and whether one can answer."""

from contextlib import suppress
from pathlib import Path

from service.contract.artifacts import ArtifactStore
from service.contract.errors import BrokenArtifactError, FailedPreconditionError, NotFoundError
from service.contract.jobs import Queue
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.records import ModelRecord
from service.contract.registry import ModelReadiness
from service.contract.repositories import aliases, models, workers
from service.contract.repositories.artifacts import write_blobs
from service.contract.repositories.models import ModelFilter
from service.contract.resources import ListAnswer, Model
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_model
from service.handlers.requests import PageRequest


def get_model(context: Context, caller: Caller, reference: str) -> Model:
    """Read a model and its manifest; without it where that is of another format, or broken.

    `reference` is its id, `name@version` or `name@alias`.

    Raises:
        InvalidArgumentError: it is none of these.
        NotFoundError: this project has no such model, or alias.
    """
    with context.database.read() as session:
        row = aliases.find_model(session, caller.project_id, reference)
        named = aliases.aliases_of(session, [row.id])
    manifest: ModelManifest | None = None
    with suppress(FailedPreconditionError, BrokenArtifactError):  # its report is worth reading
        manifest = read_manifest(context.store.read_checked(row.manifest_sha256))
    return to_model(row, manifest, aliases=named[row.id])


def find_report(
    context: Context, caller: Caller, reference: str, *, is_page: bool
) -> tuple[str, Path]:
    """Hash and file of a model's report: the page, or the JSON.

    Raises:
        InvalidArgumentError: it is called by no id, `name@version` or `name@alias`.
        NotFoundError: this project has no such model, or the model has no such report.
    """
    with context.database.read() as session:
        row = aliases.find_model(session, caller.project_id, reference)
    sha256 = row.report_page_sha256 if is_page else row.report_sha256
    if sha256 is None:
        raise NotFoundError(
            f"model {row.id} has no {'page' if is_page else 'file'} of its report: it is older "
            "than these, or the page could not be drawn; its figures are in the model's `report`"
        )
    return sha256, context.store.path(sha256)


def list_models(
    context: Context,
    caller: Caller,
    page: PageRequest,
    wanted: ModelFilter | None = None,
) -> ListAnswer[Model]:
    """One page of models, newest first, without manifests; archived ones only if asked for."""
    with context.database.read() as session:
        found = models.list_models(
            session,
            caller.project_id,
            wanted or ModelFilter(),
            page_size=page.size,
            page_token=page.token,
        )
        named = aliases.aliases_of(session, [row.id for row in found.rows])
    items = [to_model(row, aliases=named[row.id]) for row in found.rows]
    return ListAnswer(items=items, next_page_token=found.next_page_token)


def archive_model(
    context: Context, caller: Caller, reference: str, *, is_archived: bool = True
) -> Model:
    """Leave a model out of lists, or no longer; it scores by id and version as before.

    Raises:
        InvalidArgumentError: it is called by no id, `name@version` or `name@alias`.
        NotFoundError: this project has no such model.
        FailedPreconditionError: an alias means it.
    """
    with context.database.write() as session:
        model_id = aliases.find_model(session, caller.project_id, reference).id
        row = models.get_model(session, caller.project_id, model_id, lock=True)
        if is_archived:
            aliases.require_unaliased(session, row, "archived")
        models.set_archived(session, row, is_archived=is_archived)
        named = aliases.aliases_of(session, [row.id])
    return to_model(row, aliases=named[row.id])


async def delete_model(context: Context, caller: Caller, reference: str) -> None:
    """Delete a model and what is stored of it.

    Its number is not given again, its job and the searches that have ended stay.

    Raises:
        InvalidArgumentError: it is called by no id, `name@version` or `name@alias`.
        NotFoundError: this project has no such model.
        FailedPreconditionError: an alias means it, a job that has not ended reads it, or it is
            what a sweep has found.
    """
    await context.threads.run(_delete, context, caller, reference)
    context.manifests.forget_names()


def _delete(context: Context, caller: Caller, reference: str) -> None:
    with write_blobs(context.database, context.store) as session:
        model_id = aliases.find_model(session, caller.project_id, reference).id
        row = models.get_model(session, caller.project_id, model_id, lock=True)
        aliases.require_unaliased(session, row, "deleted")
        models.delete_model(session, row)


def check_model(context: Context, caller: Caller, reference: str) -> ModelReadiness:
    """Whether a model can answer now: its blobs are what was stored, and a worker lives.

    Raises:
        InvalidArgumentError: it is called by no id, `name@version` or `name@alias`.
        NotFoundError: this project has no such model, or alias.
    """
    stale_seconds = context.settings.worker_stale_seconds
    with context.database.read() as session:
        row = aliases.find_model(session, caller.project_id, reference)
        live = workers.count_live(session, Queue.INFERENCE, stale_seconds)
    detail = None if live else "no inference worker is alive"
    try:
        require_loadable(context.store, row)
    except (BrokenArtifactError, FailedPreconditionError) as error:
        detail = error.detail
    return ModelReadiness(
        model_id=row.id, name=row.name, version=row.version, ready=detail is None, detail=detail
    )


def require_loadable(store: ArtifactStore, model: ModelRecord) -> None:
    """Check what a worker would load.

    Raises:
        BrokenArtifactError: a blob is missing, or is not what it was.
        FailedPreconditionError: the model is stored in another format.
    """
    read_manifest(store.read_checked(model.manifest_sha256))
    store.check(model.weights_sha256)
