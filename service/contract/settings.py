"""Settings of every process, from ``CELLGEBRA_...`` environment variables.

The one table of them is docs/operations.md; a test holds it equal to the fields here.
"""

import os
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from service.contract.api_keys import Grant
from service.contract.jobs import Queue
from service.contract.logs import LogFormat, LogLevel

Seconds = Annotated[float, Field(le=86_400)]  # more is a slip, without end an overflow later
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """What a deployment chooses. Units are in the names; an empty variable is none."""

    model_config = SettingsConfigDict(
        env_prefix="CELLGEBRA_", extra="ignore", env_ignore_empty=True, allow_inf_nan=False
    )

    secrets_dir: Annotated[
        Path | None,
        Field(description="folder of files that hold settings, e.g. `cellgebra_database_url`"),
    ] = None
    data_dir: Annotated[Path, Field(description="folder of everything the service keeps")] = Path(
        "cellgebra-data"
    )
    database_url: Annotated[
        str | None, Field(description="SQLAlchemy URL; default: SQLite in the data folder")
    ] = None
    artifact_url: Annotated[
        str | None, Field(description="`s3://bucket/prefix`; default: a folder in the data folder")
    ] = None
    artifact_endpoint: Annotated[
        str | None, Field(description="URL of the S3 server; default: AWS")
    ] = None
    artifact_region: Annotated[
        str | None, Field(description="region of the bucket; default: `AWS_REGION`")
    ] = None
    artifact_access_key: Annotated[
        str | None, Field(description="access key of the bucket; default: AWS's own variables")
    ] = None
    artifact_secret_key: Annotated[
        SecretStr | None, Field(description="its secret, best in a file of the secrets folder")
    ] = None
    artifact_cache_bytes: Annotated[
        int, Field(gt=0, description="of what comes from the bucket, bytes kept on this machine")
    ] = 20 * 2**30
    broker_url: Annotated[
        str | None,
        Field(description="Valkey or Redis URL; default: the bundled server on a private socket"),
    ] = None
    host: Annotated[str, Field(description="address that REST and gRPC listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="REST port")] = 8000
    grpc_port: Annotated[int, Field(ge=0, le=65535, description="gRPC port")] = 8001
    api_serves_grpc: Annotated[
        bool, Field(description="gRPC in the api process; false: in an rpc process of its own")
    ] = True
    grpc_tls_certificate: Annotated[
        Path | None, Field(description="PEM file, gRPC over TLS: the server's certificate chain")
    ] = None
    grpc_tls_key: Annotated[
        Path | None, Field(description="PEM file, gRPC over TLS: the key of that certificate")
    ] = None
    grpc_tls_client_ca: Annotated[
        Path | None,
        Field(description="PEM file: who signs certificates of gRPC clients, which then need one"),
    ] = None
    grpc_keepalive_seconds: Annotated[
        Seconds, Field(ge=1, description="gRPC clients silent this long are pinged")
    ] = 60.0
    grpc_min_ping_seconds: Annotated[
        Seconds, Field(gt=0, description="gRPC clients that ping more often are cut off")
    ] = 10.0
    grpc_drain_seconds: Annotated[
        Seconds, Field(ge=0, description="gRPC calls in flight may take this long at the end")
    ] = 5.0
    metrics_host: Annotated[str, Field(description="address that `/metrics` listens on")] = (
        "127.0.0.1"
    )
    metrics_port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="port of `/metrics`, of each process; default: none"),
    ] = None
    queues: Annotated[
        tuple[Queue, ...], Field(description="queues that need a live worker before ready")
    ] = tuple(Queue)
    lease_seconds: Annotated[
        Seconds, Field(gt=1, description="a job whose worker is silent this long is taken over")
    ] = 60.0
    heartbeat_seconds: Annotated[
        float, Field(gt=0, le=2, description="how often a worker renews leases and reads cancels")
    ] = 1.5
    checkpoint_seconds: Annotated[
        Seconds, Field(gt=0, description="how often a training keeps a checkpoint")
    ] = 30.0
    worker_stale_seconds: Annotated[
        Seconds, Field(ge=10, description="a worker silent this long counts as gone")
    ] = 20.0
    scheduler_period_seconds: Annotated[
        float, Field(gt=0, le=60, description="how often the scheduler looks for lost jobs")
    ] = 2.0
    redispatch_seconds: Annotated[
        Seconds, Field(gt=0, description="a queued job is rung again after this long")
    ] = 30.0
    event_poll_seconds: Annotated[
        float, Field(gt=0, le=60, description="how often a front end looks for new job events")
    ] = 0.25
    ingest_wait_seconds: Annotated[
        Seconds, Field(ge=0, description="how long an upload waits for its data set before 202")
    ] = 5.0
    max_upload_bytes: Annotated[
        int, Field(gt=0, description="largest upload accepted, in bytes")
    ] = 50 * 2**30
    min_bytes_per_second: Annotated[
        int, Field(gt=0, description="a body that comes more slowly is refused: 408")
    ] = 1024
    slow_sender_seconds: Annotated[
        Seconds, Field(gt=0, description="for so long a sender may be slower, or silent")
    ] = 30.0
    max_scores_in_flight: Annotated[
        int, Field(gt=0, description="score requests in flight before 429")
    ] = 512
    max_designs_in_flight: Annotated[
        int, Field(gt=0, description="designs of score requests in flight before 429")
    ] = 200_000
    max_queued_jobs: Annotated[
        int, Field(gt=0, description="jobs that a caller may have waiting before 429")
    ] = 1000
    max_running_jobs: Annotated[
        int | None, Field(gt=0, description="jobs of a caller at once; default: any number")
    ] = None
    key_refresh_seconds: Annotated[
        float, Field(gt=0, le=60, description="a revoked key is refused after this long at most")
    ] = 3.0
    oidc_issuer: Annotated[
        str | None, Field(description="URL of who signs tokens, taken beside API keys")
    ] = None
    oidc_audience: Annotated[
        str | None, Field(description="what a token has to name as its audience")
    ] = None
    oidc_claim: Annotated[
        str, Field(min_length=1, description="claim of a token whose values are looked up in:")
    ] = "groups"
    oidc_grants: Annotated[
        dict[str, Grant], Field(description="project and scopes by such a value; the first counts")
    ] = {}
    max_requests_per_second: Annotated[
        int, Field(ge=0, description="requests of an API key a second before 429; 0: any number")
    ] = 1000
    max_designs_per_second: Annotated[
        int, Field(ge=0, description="designs that it has scored a second; 0: any number")
    ] = 200_000
    quota_requests_per_day: Annotated[
        int, Field(ge=0, description="requests of an API key in 24 hours; 0: any number")
    ] = 0
    quota_designs_per_day: Annotated[
        int, Field(ge=0, description="designs that it has scored in 24 hours; 0: any number")
    ] = 0
    quota_upload_bytes_per_day: Annotated[
        int, Field(ge=0, description="bytes that it uploads in 24 hours; 0: any number")
    ] = 0
    audit_days: Annotated[
        int, Field(gt=0, le=36_500, description="how long the audit log is kept")
    ] = 400
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
        Seconds, Field(gt=0, description="a promotion that no worker can load in time has failed")
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
    log_level: Annotated[LogLevel, Field(description="DEBUG, INFO, WARNING or ERROR")] = (
        LogLevel.INFO
    )
    log_format: Annotated[LogFormat, Field(description="`text`, or `json`: an object a line")] = (
        LogFormat.TEXT
    )
    beat_file: Annotated[
        Path | None,
        Field(description="file that a worker or scheduler touches, for `python -m service.probe`"),
    ] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given, then the environment, then files: a password is not to be an argument."""
        del dotenv_settings, file_secret_settings
        folder = os.environ.get("CELLGEBRA_SECRETS_DIR")
        files = (SecretsSettingsSource(settings_cls, secrets_dir=folder),) if folder else ()
        return (init_settings, env_settings, *files)

    @model_validator(mode="after")
    def _beats_within_a_lease(self) -> Self:
        if self.lease_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                f"a lease of {self.lease_seconds:g} s (CELLGEBRA_LEASE_SECONDS) has to be at least "
                f"two heartbeats of {self.heartbeat_seconds:g} s (CELLGEBRA_HEARTBEAT_SECONDS): "
                "one that comes late would cost the job"
            )
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        names = ("grpc_tls_certificate", "grpc_tls_key", "grpc_tls_client_ca")
        given = [name for name in names if getattr(self, name) is not None]
        missing = [name for name in names[:2] if name not in given]
        if given and missing:
            one, other = (f"CELLGEBRA_{name.upper()}" for name in (given[0], missing[0]))
            raise ValueError(f"{one} is set, which needs {other}, too")
        return self

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> Self:
        if self.oidc_issuer is None:
            return self
        parts = urlsplit(self.oidc_issuer)
        scheme, host = parts.scheme, parts.hostname
        if scheme != "https" and (scheme != "http" or host not in _THIS_MACHINE):
            raise ValueError(
                f"CELLGEBRA_OIDC_ISSUER is {self.oidc_issuer!r}: it has to be an https URL, for "
                "who answers there says whose tokens are good"
            )
        missing = [name for name in ("oidc_audience", "oidc_grants") if not getattr(self, name)]
        if missing:
            named = " and ".join(f"CELLGEBRA_{name.upper()}" for name in missing)
            raise ValueError(f"CELLGEBRA_OIDC_ISSUER is set, which needs {named}, too")
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
