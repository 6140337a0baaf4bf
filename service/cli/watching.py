"""A job in a terminal: its state, and every loss term as a line of small bars."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from service.client.progress import ProgressLine
from service.contract.jobs import EventType, JobEvent, JobState

BARS = "".join(chr(0x2581 + height) for height in range(8))
_WIDTH = 40


@contextmanager
def watching() -> Iterator[Callable[[JobEvent], None]]:
    """Shows events while the block lasts: redrawn on a terminal, else a line a state."""
    if not sys.stderr.isatty():
        yield ProgressLine()
        return
    picture = Picture()
    with Live(console=Console(stderr=True), auto_refresh=False) as live:

        def tell(event: JobEvent) -> None:
            picture.add(event)
            live.update("\n".join(picture.lines()), refresh=True)

        yield tell


class Picture:
    """What is known of a job so far."""

    def __init__(self) -> None:
        self._state = ""
        self._share = ""
        self._where = ""
        self._terms: dict[str, list[float]] = {}

    def add(self, event: JobEvent) -> None:
        """One more event."""
        data = event.data
        if event.type is EventType.STATE:
            self._state = str(data["state"])
            if self._state == JobState.QUEUED:  # begun anew, or handed back
                self._share = ""
        elif event.type is EventType.PROGRESS:
            left = data.get("estimated_seconds_left")
            seconds = "" if left is None else f", about {left:.0f} s left"
            self._share = f"{data['fraction']:.0%}{seconds}"
        elif event.type is EventType.EPOCH:
            self._where = f"member {data['member']}, epoch {data['epoch']} of {data['epochs']}"
            for name, value in data["terms"].items():
                self._terms.setdefault(name, []).append(value)

    def lines(self) -> list[str]:
        """As it is drawn."""
        head = "  ".join(part for part in (self._state, self._share, self._where) if part)
        width = max((len(name) for name in self._terms), default=0)
        return [
            head,
            *(
                f"  {name:<{width}}  {sparkline(values)}  {values[-1]:.4g}"
                for name, values in self._terms.items()
            ),
        ]


def sparkline(values: Sequence[float], width: int = _WIDTH) -> str:
    """The last values as bars between the least and the largest of them; not finite is a gap."""
    last = values[-width:]
    finite = [value for value in last if abs(value) < float("inf")]
    if not finite:
        return ""
    low, span = min(finite), max(finite) - min(finite)
    steps = len(BARS) - 1
    return "".join(
        BARS[round(steps * (value - low) / span) if span else 0]
        if abs(value) < float("inf")
        else " "
        for value in last
    )
