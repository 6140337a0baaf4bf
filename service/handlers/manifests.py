"""What scoring knows of the models asked for lately: what they are called, and their manifests.

A model never changes, so a manifest does not go stale. What a name means does: it is asked for
again after `MEANING_SECONDS`. A change of an alias is announced longer before than that, so that no
answer is by a model that the alias no longer meant when it was asked for (`registry`).
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database, utc_now
from service.contract.errors import NotFoundError
from service.contract.genotype_reader import GenotypeReader
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.records import ModelRecord
from service.contract.registry import MEANING_SECONDS
from service.contract.repositories.aliases import Meaning, find_meaning, nothing_meant
from service.handlers.threads import Threads

CACHED_MODELS = 64
CACHED_NAMES = 1024


@dataclass(frozen=True)
class KnownModel:
    """What scoring has to know of a model."""

    model_id: str
    name: str
    version: int
    manifest_sha256: str
    weights_sha256: str
    manifest: ModelManifest
    edits: frozenset[str] = field(repr=False)
    reader: GenotypeReader = field(repr=False)


@dataclass(frozen=True)
class _Asked:
    """What a name meant, and when that was asked, by the monotonic clock."""

    meaning: Meaning
    time: float


class ManifestCache:
    """The last `CACHED_MODELS` models by id. Used on the event loop alone."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, KnownModel] = OrderedDict()
        self._asked: OrderedDict[tuple[str, str], _Asked] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def get(
        self,
        database: Database,
        store: ArtifactStore,
        threads: Threads,
        project_id: str,
        reference: str,
    ) -> KnownModel:
        """The model that an id, `name@version` or `name@alias` means now.

        Raises:
            InvalidArgumentError: it is none of these.
            NotFoundError: this project has no such model, or alias.
            FailedPreconditionError: the model is stored in another format.
            BrokenArtifactError: its manifest is missing, or is not what it was.
        """
        row = (await self._meaning(database, threads, project_id, reference)).at(utc_now())
        if row is None:
            raise NotFoundError(nothing_meant(reference))
        known = self._models.get(row.id)
        if known is None:
            known = await threads.run(_load, store, row)
            self._models[row.id] = known
            if len(self._models) > CACHED_MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(row.id)
        return known

    def forget_names(self) -> None:
        """Ask again what every name means: one has gone."""
        self._asked.clear()

    async def _meaning(
        self, database: Database, threads: Threads, project_id: str, reference: str
    ) -> Meaning:
        """What it means: as asked at most `MEANING_SECONDS` ago, or since this call began."""
        key, began = (project_id, reference), time.monotonic()
        while True:
            asked = self._asked.get(key)
            if asked is not None and asked.time >= min(began, time.monotonic() - MEANING_SECONDS):
                return asked.meaning
            if key not in self._asking:
                task = asyncio.create_task(self._ask(database, threads, key))
                self._asking[key] = task
                task.add_done_callback(lambda _: self._asking.pop(key))
            await asyncio.shield(self._asking[key])

    async def _ask(self, database: Database, threads: Threads, key: tuple[str, str]) -> None:
        """Ask once for all who wait."""
        self._asked.pop(key, None)
        began = time.monotonic()
        meaning = await threads.run(_find, database, *key)
        self._asked[key] = _Asked(meaning, began)
        if len(self._asked) > CACHED_NAMES:
            self._asked.popitem(last=False)


def _find(database: Database, project_id: str, reference: str) -> Meaning:
    with database.read() as session:
        return find_meaning(session, project_id, reference)


def _load(store: ArtifactStore, model: ModelRecord) -> KnownModel:
    manifest = read_manifest(store.read_checked(model.manifest_sha256))
    return KnownModel(
        model_id=model.id,
        name=model.name,
        version=model.version,
        manifest_sha256=model.manifest_sha256,
        weights_sha256=model.weights_sha256,
        manifest=manifest,
        edits=frozenset(manifest.edits),
        reader=GenotypeReader(manifest.edits),
    )
