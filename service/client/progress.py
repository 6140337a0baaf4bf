"""One line that tells how far a job or an upload is."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from service.contract.datasets import DatasetState
from service.contract.jobs import TERMINAL_STATES, EventType, JobEvent
from service.contract.resources import Dataset, GeneTable, Network

_WIDTH = 100


def has_ended(event: JobEvent) -> bool:
    """Whether the event says that its job has ended, unless it is resumed."""
    return event.type is EventType.STATE and event.data.get("state") in TERMINAL_STATES


class _Line:
    """One line that is written again and again; on something else than a terminal, one a state."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out or sys.stderr

    def write(self, parts: Sequence[str], *, is_state: bool, is_last: bool) -> None:
        """Show the parts that are there; `is_state`: the state is another than before."""
        line = "  ".join(part for part in parts if part)[:_WIDTH]
        if self._out.isatty():
            self._out.write(f"\r{line:<{_WIDTH}}" + ("\n" if is_last else ""))
        elif is_state:
            self._out.write(f"{line}\n")
        self._out.flush()


class ProgressLine:
    """Rewrites one line for every event; on something else than a terminal, one line a state."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._line = _Line(out)
        self._state = ""
        self._epoch = ""
        self._share = ""

    def __call__(self, event: JobEvent) -> None:
        """Show an event."""
        if event.type is EventType.STATE:
            self._state = str(event.data["state"])
        elif event.type is EventType.PROGRESS:
            self._share = _share_text(event.data)
        elif event.type is EventType.EPOCH:
            self._epoch = _epoch_text(event)
        parts = self._state, self._share, self._epoch
        is_state = event.type is EventType.STATE
        self._line.write(parts, is_state=is_state, is_last=has_ended(event))


class UploadLine:
    """Rewrites one line whenever an upload was read; elsewhere than on a terminal, one a state.

    Of one that was ready at once it shows nothing.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._line = _Line(out)
        self._state: DatasetState | None = None

    def __call__(self, upload: Dataset | GeneTable | Network) -> None:
        """Show how far an upload is."""
        is_last = upload.state is not DatasetState.INGESTING
        if is_last and self._state is None:
            return
        is_new, self._state = upload.state is not self._state, upload.state
        share = "" if upload.fraction is None else _share_text(upload.model_dump())
        self._line.write((upload.state, upload.name, share), is_state=is_new, is_last=is_last)


def _share_text(data: Mapping[str, Any]) -> str:
    seconds = data.get("estimated_seconds_left")
    left = f", {seconds:.0f} s left" if seconds is not None else ""
    count, possible = (data.get(f"{name}_count") for name in ("evaluated", "possible"))
    designs = f", {count:,} of {possible:,} designs" if possible is not None else ""
    return f"{data['fraction']:.0%}{left}{designs}"


def _epoch_text(event: JobEvent) -> str:
    data = event.data
    terms = " ".join(f"{name} {value:.3g}" for name, value in data["terms"].items())
    return f"member {data['member']} epoch {data['epoch']}/{data['epochs']}  {terms}"
