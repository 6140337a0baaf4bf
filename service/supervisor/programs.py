"""The table of processes that `cellgebra up` runs, and how each is run."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service.contract.gpus import shared_out, visible_gpus
from service.contract.jobs import Queue
from service.contract.settings import Settings
from service.supervisor.children import Program


@dataclass(frozen=True)
class WorkerOptions:
    """How a Celery worker serves its queues. A spawned child is a fresh interpreter (CUDA)."""

    name: str
    queues: tuple[Queue, ...]
    pool: Sequence[str]


_VISIBLE = "CUDA_VISIBLE_DEVICES"
_SPAWNED = ("--pool", "prefork", "--concurrency", "1")

# A training child ends with its job, which is what returns all GPU memory. Scores are answered
# in the main process: no hop, and models stay loaded.
TRAIN = WorkerOptions("train", (Queue.TRAIN,), (*_SPAWNED, "--max-tasks-per-child", "1"))
INFERENCE = WorkerOptions("inference", (Queue.INFERENCE,), ("--pool", "solo"))
BATCH = WorkerOptions("batch", (Queue.BATCH,), _SPAWNED)
SEARCH = WorkerOptions("search", (Queue.SEARCH,), _SPAWNED)
SCORING = WorkerOptions("scoring", (Queue.SCORING,), _SPAWNED)

# Gossip, mingle and heartbeats are broker chatter that no one reads: liveness is a row.
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass(frozen=True)
class WorkerCounts:
    """How many workers there are of the kinds that may have several."""

    train: int = 1
    search: int = 1
    scoring: int = 1


def programs(settings: Settings, counts: WorkerCounts | None = None) -> list[Program]:
    """Everything but the broker, slowest to start first."""
    data_dir, wanted = settings.data_dir, counts or WorkerCounts()
    return [
        _worker(INFERENCE, INFERENCE.name, settings),
        replace(_own("api", data_dir), environment=_metrics(settings.metrics_port)),
        *([] if settings.api_serves_grpc else [_own("rpc", data_dir)]),
        *_train_workers(wanted.train, settings),
        _worker(BATCH, BATCH.name, settings),
        *_several(SEARCH, wanted.search, settings),
        *_several(SCORING, wanted.scoring, settings),
        _own("scheduler", data_dir),
    ]


def migration(settings: Settings) -> Program:
    """The program that brings the database up to date, and ends.

    The database in the data folder is ours alone, by the folder's lock: what workers of an earlier
    run held when they were killed is free at once. Others may be at work on any other database.
    """
    options = () if settings.database_url else ("--take-over",)
    return _own("migrate", settings.data_dir, *options)


def environment_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Settings as the environment variables that children read them from."""
    return {
        f"CELLGEBRA_{name.upper()}": (
            json.dumps(value) if isinstance(value, (list, tuple, dict)) else str(value)
        )
        for name, value in values.items()
        if value is not None
    }


def shared_environment(settings: Settings) -> dict[str, str]:
    """What every child is told. Of one machine the api alone answers scrapes: a port is one's."""
    # Secrets come to a child as they came to us: from the environment, or from a file.
    values = settings.model_dump(mode="json", exclude={"artifact_secret_key"})
    return environment_of(values) | _metrics(None)


def _metrics(port: int | None) -> dict[str, str]:
    return {"CELLGEBRA_METRICS_PORT": "" if port is None else str(port)}


def _several(options: WorkerOptions, count: int, settings: Settings) -> list[Program]:
    names = [f"{options.name}-{number}" for number in range(1, count + 1)]
    return [_worker(options, name, settings) for name in names]


def _train_workers(count: int, settings: Settings) -> list[Program]:
    """Each with GPUs of its own, where they go round: a job takes all that it asks for."""
    alike = _several(TRAIN, count, settings)
    parts = shared_out(visible_gpus(), count)
    return [
        program if part is None else replace(program, environment={_VISIBLE: ",".join(part)})
        for program, part in zip(alike, parts, strict=True)
    ]


def _own(name: str, data_dir: Path, *options: str) -> Program:
    command = (*_python("service.cli"), name, *options)
    return Program(name, command, data_dir / "logs" / f"{name}.log")


def _worker(options: WorkerOptions, name: str, settings: Settings) -> Program:
    command = (
        *_python("celery"),
        *("-A", "worker.app:app", "worker"),
        *("-Q", ",".join(options.queues), "-n", f"{name}@%h"),
        *("--loglevel", settings.log_level),
        *options.pool,
        *_QUIET,
    )
    # Celery puts the working folder on the import path; a user's own `worker` folder must not win.
    data_dir = settings.data_dir
    return Program(name, command, data_dir / "logs" / f"{name}.log", directory=data_dir)


def _python(module: str) -> tuple[str, ...]:
    """Run a module; -P keeps the working folder off the import path."""
    return (sys.executable, "-P", "-m", module)
