"""Settings of every process, from ``CELLGEBRA_...`` environment variables.

The one table of them is docs/operations.md; a test holds it equal to the fields here.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.contract.jobs import Queue


class Settings(BaseSettings):
    """What a deployment chooses. Units are in the names."""

    model_config = SettingsConfigDict(env_prefix="CELLGEBRA_", extra="ignore")

    data_dir: Annotated[Path, Field(description="folder of everything the service keeps")] = Path(
        "cellgebra-data"
    )
    database_url: Annotated[
        str | None, Field(description="SQLAlchemy URL; default: SQLite in the data folder")
    ] = None
    broker_url: Annotated[
        str | None,
        Field(description="Valkey or Redis URL; default: the bundled server on a private socket"),
    ] = None
    host: Annotated[str, Field(description="address that REST and gRPC listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="REST port")] = 8000
    grpc_port: Annotated[int, Field(ge=0, le=65535, description="gRPC port")] = 8001
    queues: Annotated[
        tuple[Queue, ...], Field(description="queues that need a live worker before ready")
    ] = tuple(Queue)
    lease_seconds: Annotated[
        float, Field(gt=1, description="a job whose worker is silent this long is taken over")
    ] = 60.0
    heartbeat_seconds: Annotated[
        float, Field(gt=0, description="how often a worker renews its lease and reads cancels")
    ] = 1.5
    checkpoint_seconds: Annotated[
        float, Field(gt=0, description="how often a training keeps a checkpoint")
    ] = 30.0
    worker_stale_seconds: Annotated[
        float, Field(gt=1, description="a worker silent this long counts as gone")
    ] = 20.0
    scheduler_period_seconds: Annotated[
        float, Field(gt=0, description="how often the scheduler looks for lost jobs")
    ] = 2.0
    redispatch_seconds: Annotated[
        float, Field(gt=0, description="a queued job is rung again after this long")
    ] = 30.0
    event_poll_seconds: Annotated[
        float, Field(gt=0, description="how often a front end looks for new job events")
    ] = 0.25
    ingest_wait_seconds: Annotated[
        float, Field(ge=0, description="how long an upload waits for its data set before 202")
    ] = 5.0
    max_upload_bytes: Annotated[
        int, Field(gt=0, description="largest upload accepted, in bytes")
    ] = 50 * 2**30
    max_scores_in_flight: Annotated[
        int, Field(gt=0, description="score requests in flight before 429")
    ] = 256
    max_designs_in_flight: Annotated[
        int, Field(gt=0, description="designs of score requests in flight before 429")
    ] = 200_000
    max_queued_jobs: Annotated[
        int, Field(gt=0, description="jobs that a caller may have waiting before 429")
    ] = 1000
    max_running_jobs: Annotated[
        int | None, Field(gt=0, description="jobs of a caller at once; default: any number")
    ] = None
    reply_ttl_seconds: Annotated[
        int, Field(gt=0, description="how long an unread score answer is kept")
    ] = 60
    max_loaded_models: Annotated[
        int, Field(gt=0, description="models that an inference worker keeps loaded")
    ] = 16
    max_loaded_bytes: Annotated[
        int, Field(gt=0, description="bytes of weights and manifests that it keeps loaded")
    ] = 4 * 2**30
    promotion_timeout_seconds: Annotated[
        float, Field(gt=0, description="a promotion that no worker can load in time has failed")
    ] = 60.0
    torch_threads: Annotated[
        int | None,
        Field(
            gt=0,
            description="threads of a worker; default: all to train, 1 to score, 4 for much",
        ),
    ] = None
    search_threads: Annotated[
        int | None, Field(gt=0, description="threads of a search worker; default: all cores")
    ] = None
    gpu_count: Annotated[
        int | None, Field(ge=0, description="GPUs of a worker; default: those that it sees")
    ] = None
    log_level: Annotated[str, Field(description="DEBUG, INFO, WARNING or ERROR")] = "INFO"

    @model_validator(mode="after")
    def _beats_within_a_lease(self) -> Self:
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                f"a lease of {self.lease_seconds:g} s (CELLGEBRA_LEASE_SECONDS) has to be at least "
                f"two heartbeats of {self.heartbeat_seconds:g} s (CELLGEBRA_HEARTBEAT_SECONDS): "
                "one that comes late would cost the job"
            )
        return self

    @property
    def resolved_database_url(self) -> str:
        """The given URL, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'cellgebra.db'}"

    @property
    def artifact_dir(self) -> Path:
        """Folder of the content-addressed store."""
        return self.data_dir / "artifacts"

    @property
    def required_broker_url(self) -> str:
        """The broker's URL.

        Raises:
            ValueError: none is set; `cellgebra up` sets it for the processes that it starts.
        """
        if self.broker_url is None:
            raise ValueError(
                "CELLGEBRA_BROKER_URL is not set; `cellgebra up` brings its own broker"
            )
        return self.broker_url


def problems_of(error: ValidationError) -> str:
    """What is wrong with settings, a line each."""
    return "\n".join(_problem(problem["loc"], problem["msg"]) for problem in error.errors())


def _problem(place: tuple[int | str, ...], message: str) -> str:
    if not place:
        return f"settings: {message.removeprefix('Value error, ')}"
    name = "_".join(str(part) for part in place)
    return f"setting {name} (CELLGEBRA_{name.upper()}): {message}"
