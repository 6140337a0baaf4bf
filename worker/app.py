"""The Celery app. A message is a wake-up call; the lease in the job's row owns recovery.

Hence early acknowledgement and no prefetching: with late acknowledgement Redis would deliver a
long task again after the visibility time-out (measured: five starts of one task). Children are
spawned, not forked, because CUDA does not survive a fork. Source: docs/design.md, section 3.
"""

from typing import Any

from celery import Celery
from celery.signals import setup_logging
from pydantic import ValidationError

from service.contract.broker import KEY_PREFIX, celery_url
from service.contract.jobs import Queue
from service.contract.logs import set_up_logs
from service.contract.settings import Settings, problems_of

DAY_SECONDS = 86_400


def _configuration() -> dict[str, Any]:
    try:
        broker_url = celery_url(Settings().required_broker_url)
    except ValidationError as error:
        raise SystemExit(f"cellgebra: {problems_of(error)}") from None
    except ValueError as error:
        raise SystemExit(f"cellgebra: {error}") from None
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_consumer": "worker.consumer:PromptConsumer",
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "visibility_timeout": DAY_SECONDS,
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_default_queue": Queue.BATCH.value,
        "task_acks_late": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_concurrency": 1,
        "worker_pool_start_method": "spawn",
        "worker_proc_alive_timeout": 120,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


@setup_logging.connect
def _set_up_logs(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    """In Celery's place, in the main process and in every child."""
    settings = Settings()
    set_up_logs(settings.log_level, settings.log_format)


app = Celery(
    "cellgebra",
    include=[
        "worker.tasks.ingest",
        "worker.tasks.ingest_genes",
        "worker.tasks.presence",
        "worker.tasks.score",
        "worker.tasks.scoring",
        "worker.tasks.search",
        "worker.tasks.sweep",
        "worker.tasks.train",
    ],
)
app.add_defaults(_configuration)  # evaluated at first use, not at import
