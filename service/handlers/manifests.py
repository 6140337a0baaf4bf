"""Manifests of the models asked for lately. Models never change, so nothing goes stale."""

from collections import OrderedDict
from dataclasses import dataclass, field

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.errors import NotFoundError
from service.contract.genotype_reader import GenotypeReader
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.repositories.models import get_model
from service.handlers.threads import Threads

CACHED_MODELS = 64


@dataclass(frozen=True)
class KnownModel:
    """What scoring has to know of a model."""

    project_id: str
    manifest_sha256: str
    weights_sha256: str
    manifest: ModelManifest
    edits: frozenset[str] = field(repr=False)
    reader: GenotypeReader = field(repr=False)


class ManifestCache:
    """The last `CACHED_MODELS` models by id. Used on the event loop alone."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, KnownModel] = OrderedDict()

    async def get(
        self,
        database: Database,
        store: ArtifactStore,
        threads: Threads,
        project_id: str,
        model_id: str,
    ) -> KnownModel:
        """The model, from memory or from its row and manifest.

        Raises:
            NotFoundError: this project has no such model.
            FailedPreconditionError: it is stored in another format.
            BrokenArtifactError: its manifest is missing, or is not what it was.
        """
        known = self._models.get(model_id)
        if known is None:
            known = await threads.run(_load, database, store, project_id, model_id)
            self._models[model_id] = known
            if len(self._models) > CACHED_MODELS:
                self._models.popitem(last=False)
        if known.project_id != project_id:
            raise NotFoundError(f"no model {model_id}")
        self._models.move_to_end(model_id)
        return known


def _load(database: Database, store: ArtifactStore, project_id: str, model_id: str) -> KnownModel:
    with database.read() as session:
        model = get_model(session, project_id, model_id)
    manifest = read_manifest(store.read_checked(model.manifest_sha256))
    return KnownModel(
        project_id=model.project_id,
        manifest_sha256=model.manifest_sha256,
        weights_sha256=model.weights_sha256,
        manifest=manifest,
        edits=frozenset(manifest.edits),
        reader=GenotypeReader(manifest.edits),
    )
