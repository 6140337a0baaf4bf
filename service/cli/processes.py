"""What the api, rpc and scheduler processes do before their work."""

import os

from pydantic import ValidationError

from service.contract.logs import set_up_logs
from service.contract.settings import Settings, problems_of
from service.contract.telemetry import TelemetryError, start_telemetry


class NotStartedError(Exception):
    """A process cannot start; says why, and what to do."""


def run_api() -> None:
    """Serve until SIGTERM.

    Raises:
        NotStartedError: a setting, or the schema of the database, is not one to run with; or the
            network could reach it without a key.
    """
    settings = _settings_of_a_door("api")
    from service.server import serve

    serve(settings)


def run_rpc() -> None:
    """Serve gRPC alone until SIGTERM.

    Raises:
        NotStartedError: a setting, or the schema of the database, is not one to run with.
    """
    settings = _settings_of_a_door("rpc")
    from service.server import serve_rpc

    try:
        serve_rpc(settings)
    except (OSError, ValueError) as error:
        raise NotStartedError(str(error)) from error


def run_scheduler_process() -> None:
    """Look for lost jobs until SIGTERM.

    Raises:
        NotStartedError: a setting, or the schema of the database, is not one to run with; or the
            port for scrapes is taken.
    """
    settings = _ready_settings("scheduler")
    from service.scheduler import run_scheduler

    try:
        run_scheduler(settings)
    except OSError as error:
        raise NotStartedError(str(error)) from error


def prepare_database(*, is_sole: bool) -> str:
    """Migrate; when no other process can be at work, end what earlier ones held.

    Raises:
        NotStartedError: a setting is not one to run with.
        ValueError: neither SQLite nor PostgreSQL, or made by a newer version.
        SQLAlchemyError: it cannot be reached or written.
    """
    from service.contract.database import Database
    from service.contract.repositories.takeover import take_over
    from service.migrations.migrate import migrate

    url = read_settings().resolved_database_url
    revision = migrate(url)
    if is_sole:
        database = Database(url, pool_size=1)
        with database.write() as session:
            take_over(session)
        database.close()
    return revision


def read_settings(**given: object) -> Settings:
    """Settings from the environment, and those given, which win.

    Raises:
        NotStartedError: one is out of its range.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type] # checked when it runs
    except ValidationError as error:
        raise NotStartedError(problems_of(error)) from error


def _ready_settings(process: str) -> Settings:
    settings = read_settings()
    set_up_logs(settings.log_level, settings.log_format)
    try:
        start_telemetry(process)
    except TelemetryError as error:
        raise NotStartedError(str(error)) from error
    _require_parts(settings)
    _require_schema(settings)
    return settings


def _require_parts(settings: Settings) -> None:
    from service.contract.stores import artifact_store

    try:
        _ = settings.required_broker_url, artifact_store(settings)
    except ValueError as error:
        raise NotStartedError(str(error)) from error


def _settings_of_a_door(process: str) -> Settings:
    """Settings of a process that opens a door."""
    settings = _ready_settings(process)
    _require_keys(settings)
    # It starts another program now and then, for which gRPC would stop and start its threads.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    require_tls(settings)
    return settings


def _require_keys(settings: Settings) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from service.handlers.access import require_keys

    try:
        require_keys(settings)
    except (SQLAlchemyError, ValueError) as error:
        raise NotStartedError(str(error)) from error


def require_tls(settings: Settings) -> None:
    """Look at the files of TLS before anything starts.

    Raises:
        NotStartedError: one is not to be used.
    """
    if settings.grpc_tls_certificate is None:
        return
    from service.rpc.tls import TlsError, server_credentials

    try:
        server_credentials(settings)
    except TlsError as error:
        raise NotStartedError(str(error)) from error


def _require_schema(settings: Settings) -> None:
    from service.contract.database import Database
    from service.contract.schema import SchemaError, require_schema

    database = Database(settings.resolved_database_url, pool_size=1)
    try:
        require_schema(database)
    except SchemaError as error:
        raise NotStartedError(str(error)) from error
    finally:
        database.close()
