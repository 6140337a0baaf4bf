"""Models that an inference worker keeps loaded: those asked for last, as many as fit."""

import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from service.contract.artifacts import ArtifactStore
from service.contract.errors import BrokenArtifactError
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Loaded:
    predictor: "Predictor"
    manifest_sha256: str
    size_bytes: int


class LoadedModels:
    """Predictors by id; the one that was asked for longest ago goes first.

    Laws: at most `max_models`; at most `max_bytes` of weights and manifests, but for one model that
    is larger by itself. A failed load changes nothing. Threads may ask at once: one model is
    loaded at a time, and those that are there are given meanwhile.
    """

    def __init__(self, store: ArtifactStore, *, max_models: int, max_bytes: int) -> None:
        self._store = store
        self._max_models = max_models
        self._max_bytes = max_bytes
        self._models: OrderedDict[str, _Loaded] = OrderedDict()
        self._table = threading.Lock()
        self._loading = threading.Lock()

    def get(self, model_id: str, manifest_sha256: str, weights_sha256: str) -> "Predictor":
        """The model, loaded if need be.

        Raises:
            BrokenArtifactError: a blob of it is missing, or is not what it was.
            FailedPreconditionError: it is stored in another format.
        """
        if (found := self._find(model_id, manifest_sha256)) is not None:
            return found
        with self._loading:
            # It may have been loaded by the thread that we waited for.
            if (found := self._find(model_id, manifest_sha256)) is not None:
                return found
            loaded = self._load(model_id, manifest_sha256, weights_sha256)
            self._keep(model_id, loaded)
        return loaded.predictor

    @property
    def count(self) -> int:
        """How many are loaded."""
        return len(self._models)

    def ids(self) -> list[str]:
        """Models that are loaded, the one that goes first in front."""
        with self._table:
            return list(self._models)

    def _find(self, model_id: str, manifest_sha256: str) -> "Predictor | None":
        """The model, unless a message had another one kept under its id."""
        with self._table:
            loaded = self._models.get(model_id)
            if loaded is None or loaded.manifest_sha256 != manifest_sha256:
                return None
            self._models.move_to_end(model_id)
            return loaded.predictor

    def _keep(self, model_id: str, loaded: _Loaded) -> None:
        with self._table:
            self._models[model_id] = loaded
            while len(self._models) > 1 and self._is_full():
                gone, _ = self._models.popitem(last=False)
                logger.info("unloaded a model", extra={"model_id": gone})

    def _is_full(self) -> bool:
        size_bytes = sum(loaded.size_bytes for loaded in self._models.values())
        return len(self._models) > self._max_models or size_bytes > self._max_bytes

    def _load(self, model_id: str, manifest_sha256: str, weights_sha256: str) -> _Loaded:
        from worker.inference.predictor import Predictor

        try:
            manifest = self._store.read_checked(manifest_sha256)
            weights = self._store.path_of_stored(weights_sha256)
            predictor = Predictor.load(weights, json.loads(manifest), model_id=model_id)
            size_bytes = len(manifest) + weights.stat().st_size
            return _Loaded(predictor, manifest_sha256, size_bytes)
        except BrokenArtifactError as error:
            raise BrokenArtifactError(
                f"model {model_id} cannot be loaded: {error.detail}"
            ) from None


@cache
def loaded_models() -> LoadedModels:
    """Those of this process."""
    settings = runtime().settings
    return LoadedModels(
        runtime().store,
        max_models=settings.max_loaded_models,
        max_bytes=settings.max_loaded_bytes,
    )
