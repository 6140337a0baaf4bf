"""What the api and scheduler processes do before their work."""

import logging
import os

from pydantic import ValidationError

from service.contract.settings import Settings, problems_of


class NotStartedError(Exception):
    """A process cannot start; says why, and what to do."""


def run_api() -> None:
    """Serve until SIGTERM.

    Raises:
        NotStartedError: a setting, or the schema of the database, is not one to run with.
    """
    settings = _ready_settings()
    # It starts another program now and then, for which gRPC would stop and start its threads.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from service.server import serve

    serve(settings)


def run_scheduler_process() -> None:
    """Look for lost jobs until SIGTERM.

    Raises:
        NotStartedError: a setting, or the schema of the database, is not one to run with.
    """
    settings = _ready_settings()
    from service.scheduler import run_scheduler

    run_scheduler(settings)


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


def _ready_settings() -> Settings:
    settings = read_settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    _require_schema(settings)
    return settings


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
