"""What the api and scheduler processes do before and around their work."""

import logging

from service.contract.settings import Settings

_GRACE_SECONDS = 3


def run_api() -> None:
    """Serve until SIGTERM; open event streams get a moment to end."""
    import uvicorn

    from service.server import create_app

    settings = Settings()
    _log_to_stderr(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def run_scheduler_process() -> None:
    """Look for lost jobs until SIGTERM."""
    from service.scheduler import run_scheduler

    settings = Settings()
    _log_to_stderr(settings)
    run_scheduler(settings)


def _log_to_stderr(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
