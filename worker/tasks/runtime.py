"""What every task of one process shares: settings, database, blobs; made at first use."""

import os
import socket
from dataclasses import dataclass
from functools import cache

from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.gpus import visible_gpus
from service.contract.settings import Settings
from service.contract.stores import artifact_store


@dataclass(frozen=True)
class Runtime:
    """The three things that tasks join."""

    settings: Settings
    database: Database
    store: ArtifactStore


@cache
def runtime() -> Runtime:
    """This process's runtime."""
    settings = Settings()
    return Runtime(
        settings=settings,
        database=Database(settings.resolved_database_url, pool_size=4),
        store=artifact_store(settings),
    )


def gpu_count(settings: Settings) -> int:
    """How many GPUs a job of this worker can use."""
    return len(visible_gpus()) if settings.gpu_count is None else settings.gpu_count


def worker_name() -> str:
    """Host and process, as they stand in a job's lease."""
    return f"{socket.gethostname()}:{os.getpid()}"
