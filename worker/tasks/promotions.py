"""What the registry asks of an inference worker: to load what an alias is about to mean."""

import logging
import threading
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from service.contract.errors import CellgebraError
from service.contract.records import ModelRecord
from service.contract.repositories import aliases, promotions
from worker.tasks.loaded import LoadedModels, loaded_models
from worker.tasks.runtime import Runtime, runtime, worker_name

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 1.0


def keep_loading(over: threading.Event) -> None:
    """Load what aliases mean, then what they are about to mean, until it is over."""
    is_first = True
    while is_first or not over.wait(PERIOD_SECONDS):
        try:
            if is_first:
                load_aliased(runtime(), loaded_models())
            is_first = False
            load_promoted(runtime(), worker_name(), loaded_models())
        except SQLAlchemyError:
            logger.warning("could not ask what to load", exc_info=True)
            over.wait(PERIOD_SECONDS)


def load_aliased(runtime: Runtime, loaded: LoadedModels) -> None:
    """Load what aliases mean, as far as there is room: a worker that was restarted is ready."""
    with runtime.database.read() as session:
        meant = aliases.list_meant(session, runtime.settings.max_loaded_models)
    for model in reversed(meant):
        _load(loaded, model)


def load_promoted(runtime: Runtime, worker_id: str, loaded: LoadedModels) -> None:
    """Load the models of promotions under way, and tell what came of it."""
    with runtime.database.read() as session:
        asked = promotions.list_unloaded(session, worker_id)
    for promotion, model in asked:
        error = _load(loaded, model)
        with runtime.database.write() as session:
            promotions.tell_load(session, promotion.id, worker_id, error)
            stale_seconds = runtime.settings.worker_stale_seconds
            promotions.settle_promotion(session, promotion.id, stale_seconds)


def _load(loaded: LoadedModels, model: ModelRecord) -> dict[str, Any] | None:
    """Load a model; what went wrong, if anything did."""
    try:
        loaded.get(model.id, model.manifest_sha256, model.weights_sha256)
    except CellgebraError as error:
        logger.warning("model %s cannot be loaded: %s", model.id, error.detail)
        return error.as_problem()
    except Exception:
        logger.exception("model %s cannot be loaded", model.id)
        return CellgebraError("loading the model failed unexpectedly").as_problem()
    return None
