"""Who takes a worker's messages: Celery's consumer, with shorter pauses without a broker."""

from functools import partial

from celery.worker.consumer import Consumer
from kombu import Connection

LONGEST_PAUSE_SECONDS = 5


class PromptConsumer(Consumer):
    """Tries a broker that is away every 5 s at most.

    Celery's own waits two seconds more each time, up to 30: after half a minute without a broker
    its workers come back up to 12 s late, after five minutes up to 30 s, one by one. It has no
    setting for that.
    """

    def ensure_connected(self, conn: Connection) -> Connection:
        """Wait until the broker answers."""
        ensure = partial(conn.ensure_connection, interval_max=LONGEST_PAUSE_SECONDS)
        conn.ensure_connection = ensure  # type: ignore[method-assign]
        return super().ensure_connected(conn)
