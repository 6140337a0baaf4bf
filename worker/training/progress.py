"""What a running training tells, and how often it looks whether it should stop."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.contract.jobs import EventType
from worker.training.group import agreed

Emit = Callable[[EventType, dict[str, Any]], None]

_EVENTS_PER_SECOND = 4
_EPOCH_EVENTS = 300
_POLL_SECONDS = 0.5
CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True)
class Attempt:
    """One attempt at a job: what earlier ones left, and who is told of this one.

    `save_checkpoint` gets the state about every `checkpoint_seconds` and on a stop, `emit`
    progress, epochs and the report; `should_stop` is asked twice a second. `earlier_epochs` are
    the data of epoch events from before the checkpoint.
    """

    checkpoint: bytes | None = None
    save_checkpoint: Callable[[bytes], None] = lambda _: None
    emit: Emit = lambda *_: None
    should_stop: Callable[[], bool] = lambda: False
    earlier_epochs: Iterable[Mapping[str, Any]] = ()
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    def saver(self) -> "Saver":
        """What keeps its checkpoints."""
        return Saver(self.save_checkpoint, self.checkpoint_seconds)


ALONE = Attempt()
"""A training that belongs to no job: it begins anew, nobody stops it, and it tells nobody."""


@dataclass
class _Clock:
    """When something was told last, how far, and where this run began; one for all phases."""

    next_time: float = 0.0
    reached: float = 0.0
    starts: list[tuple[float, float]] = field(default_factory=list)


class Reporter:
    """Rate-limited progress and epoch events.

    `fraction` counts epochs of all members; a member that stops early jumps ahead. The time left
    is extrapolated from this run alone, so that a resumed job does not count its pause, and from
    the end of its first epoch, which pays for the warm-up.
    """

    def __init__(self, emit: Emit, *, members: int, epochs: int) -> None:
        self._emit = emit
        self._members, self._epochs = members, epochs
        self._stride = max(1, -(-members * epochs // _EPOCH_EVENTS))
        self._clock = _Clock()
        self._span = (0.0, 1.0)
        self._tells_epochs = True

    def phase(
        self, begin: float, end: float, *, members: int, epochs: int, tells_epochs: bool = True
    ) -> "Reporter":
        """A reporter of a part of the work, from one fraction of the whole to another."""
        part = Reporter(self._emit, members=members, epochs=epochs)
        part._clock, part._span, part._tells_epochs = self._clock, (begin, end), tells_epochs
        return part

    def progress(self, member: int, epoch: int, *, message: str | None = None) -> None:
        """Tell how far the job is, at most four times a second (always with a message)."""
        now, clock = time.monotonic(), self._clock
        done = min(1.0, (member * self._epochs + epoch) / (self._members * self._epochs))
        begin, end = self._span
        # Where two phases meet, their fractions differ by rounding: never go back.
        fraction = clock.reached = max(clock.reached, begin + (end - begin) * done)
        if len(clock.starts) < 2:
            clock.starts.append((now, fraction))
        if now < clock.next_time and message is None:
            return
        clock.next_time = now + 1.0 / _EVENTS_PER_SECOND
        began, from_fraction = clock.starts[-1]
        gained = fraction - from_fraction
        left = (1.0 - fraction) * (now - began) / gained if gained > 0 else None
        data: dict[str, Any] = {"fraction": fraction, "estimated_seconds_left": left}
        if message is not None:
            data["message"] = message
        self._emit(EventType.PROGRESS, data)

    def epoch(
        self,
        member: int,
        epoch: int,
        terms: dict[str, float],
        metrics: dict[str, float | None],
        *,
        is_last: bool,
    ) -> None:
        """Tell of an epoch (counted from 1): the first and last of a member, and a few hundred."""
        if self._tells_epochs and (epoch == 1 or is_last or epoch % self._stride == 0):
            data = {"member": member, "epoch": epoch, "epochs": self._epochs}
            self._emit(EventType.EPOCH, {**data, "terms": terms, "metrics": metrics})


class Pause:
    """Asks `should_stop` twice a second at most: it may be a database query.

    In a group the first process asks, and all of them hear of it at the same step.
    """

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        self._next_time = 0.0
        self.is_requested = False

    def __call__(self) -> bool:
        now = time.monotonic()
        if not self.is_requested and now >= self._next_time:
            self._next_time = now + _POLL_SECONDS
            self.is_requested = self._should_stop()
        self.is_requested = bool(agreed(self.is_requested))
        return self.is_requested


class Saver:
    """Saves a checkpoint every so many seconds, and when told to."""

    def __init__(
        self, save: Callable[[bytes], None], period_seconds: float = CHECKPOINT_SECONDS
    ) -> None:
        self._save = save
        self._period_seconds = period_seconds
        self._next_time = time.monotonic() + period_seconds

    def inside(self, save: Callable[[bytes], None]) -> "Saver":
        """One for a part of the work, as often; `save` puts the state of the part into ours."""
        return Saver(save, self._period_seconds)

    def when_due(self, pack: Callable[[], bytes]) -> None:
        """Save if the last time is long ago."""
        if time.monotonic() >= self._next_time:
            self.now(pack)

    def now(self, pack: Callable[[], bytes]) -> None:
        """Save."""
        self._save(pack())
        self._next_time = time.monotonic() + self._period_seconds
