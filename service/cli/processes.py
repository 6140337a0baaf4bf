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


def _settings() -> Settings:
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    return settings
