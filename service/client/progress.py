"""One line that tells how far a job is."""

import sys
from typing import TextIO

from service.contract.jobs import TERMINAL_STATES, EventType, JobEvent

_WIDTH = 100


def has_ended(event: JobEvent) -> bool:
    """Whether the event says that its job has ended, unless it is resumed."""
    return event.type is EventType.STATE and event.data.get("state") in TERMINAL_STATES


class ProgressLine:
    """Rewrites one line for every event; on something else than a terminal, one line a state."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._state = ""
        self._epoch = ""
        self._share = ""

    def __call__(self, event: JobEvent) -> None:
        """Show an event."""
        if event.type is EventType.STATE:
            self._state = str(event.data["state"])
        elif event.type is EventType.PROGRESS:
            self._share = _share_text(event)
        elif event.type is EventType.EPOCH:
            self._epoch = _epoch_text(event)
        self._write(event)

    def _write(self, event: JobEvent) -> None:
        parts = [part for part in (self._state, self._share, self._epoch) if part]
        line = "  ".join(parts)[:_WIDTH]
        if self._out.isatty():
            self._out.write(f"\r{line:<{_WIDTH}}" + ("\n" if has_ended(event) else ""))
        elif event.type is EventType.STATE:
            self._out.write(f"{line}\n")
        self._out.flush()


def _share_text(event: JobEvent) -> str:
    seconds = event.data.get("estimated_seconds_left")
    left = f", {seconds:.0f} s left" if seconds is not None else ""
    count, possible = (event.data.get(f"{name}_count") for name in ("evaluated", "possible"))
    designs = f", {count:,} of {possible:,} designs" if possible is not None else ""
    return f"{event.data['fraction']:.0%}{left}{designs}"


def _epoch_text(event: JobEvent) -> str:
    data = event.data
    terms = " ".join(f"{name} {value:.3g}" for name, value in data["terms"].items())
    return f"member {data['member']} epoch {data['epoch']}/{data['epochs']}  {terms}"
