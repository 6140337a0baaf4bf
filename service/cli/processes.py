"""What the api and scheduler processes do before their work."""

import logging

from service.contract.settings import Settings


def run_api() -> None:
    """Serve until SIGTERM."""
    from service.server import serve

    serve(_settings())


def run_scheduler_process() -> None:
    """Look for lost jobs until SIGTERM."""
    from service.scheduler import run_scheduler

    run_scheduler(_settings())


def prepare_database(*, is_sole: bool) -> str:
    """Migrate; when no other process can be at work, end what earlier ones held.

    Raises:
        ValueError: neither SQLite nor PostgreSQL.
        SQLAlchemyError: it cannot be reached or written.
    """
    from service.contract.database import Database
    from service.contract.repositories.takeover import take_over
    from service.migrations.migrate import migrate

    url = Settings().resolved_database_url
    revision = migrate(url)
    if is_sole:
        database = Database(url, pool_size=1)
        with database.write() as session:
            take_over(session)
        database.close()
    return revision


def _settings() -> Settings:
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    return settings
