"""How far an ingest is, and what the rest of it will take."""

import time

from service.contract.jobs import EventType
from worker.tasks.held_jobs import HeldJob


class IngestProgress:
    """Told the share that is done, of 1, it tells the job's watchers; time is counted from now."""

    def __init__(self, held: HeldJob) -> None:
        self._held = held
        self._begin_time = time.monotonic()

    def __call__(self, fraction: float) -> None:
        """Tell of the share that is done."""
        seconds = time.monotonic() - self._begin_time
        left = seconds * (1 - fraction) / fraction if fraction else None
        data = {"fraction": fraction, "estimated_seconds_left": left}
        self._held.emit(EventType.PROGRESS, data)
