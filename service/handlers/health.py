"""Whether the service can work: the database, the broker, a live worker of every queue."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from service.contract.jobs import Queue
from service.contract.repositories.workers import live_queues
from service.contract.resources import Health
from service.handlers.context import Context

logger = logging.getLogger(__name__)

UP = "up"
DOWN = "down"


def check_health(context: Context) -> Health:
    """Ask every part; queues are those that this deployment's settings name."""
    live: set[Queue] = set()
    database = UP
    try:
        with context.database.read() as session:
            live = live_queues(session, context.settings.worker_stale_seconds)
    except SQLAlchemyError:
        logger.warning("the database does not answer", exc_info=True)
        database = DOWN
    broker = UP if context.dispatcher.broker_is_up() else DOWN
    queues = {queue.value: queue in live for queue in context.settings.queues}
    return Health(
        ready=database == broker == UP and all(queues.values()),
        database=database,
        broker=broker,
        queues=queues,
    )
