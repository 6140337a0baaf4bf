"""What a key may in a day, as every process counts it in the broker, and how one is told of it."""

import math
from dataclasses import dataclass

from service.contract.broker import KEY_PREFIX

COUNTS_PREFIX = f"{KEY_PREFIX}limits"
DESIGNS = "designs"  # what they are counted as


@dataclass(frozen=True)
class Window:
    """What a sliding window holds: what was taken before it and in it, and for how many seconds."""

    before: int
    before_ends: float
    count: int
    count_ends: float


def free_after(window: Window, *, limit: int, cost: int, seconds: int) -> float:
    """In how many seconds there is room for a cost, if nobody takes any before."""
    room = limit - cost - window.count
    if room >= 0:  # as soon as enough of the window before has faded
        return max(0.0, window.before_ends - seconds * (room + 1) / max(window.before, 1))
    # This window has to become the one before, a period before its key ends, and to fade.
    faded = max(0.0, 1 - (room + window.count + 1) / window.count)
    return max(0.0, window.count_ends - seconds) + seconds * faded


@dataclass(frozen=True)
class Limit:
    """A limit of every key: what is counted, in which period, and the setting that bounds it."""

    most: int
    what: str
    period: str
    setting: str

    def too_many(self, cost: int) -> str:
        """What one is told who asks for more than a period has."""
        return self._refusal(f"{cost:,} at once are more: ask for fewer")

    def exhausted(self, free_seconds: float) -> str:
        """What one is told who has to wait."""
        return self._refusal(f"has had them: {_wait(free_seconds)}")

    def _refusal(self, why: str) -> str:
        return (
            f"this API key may ask for {self.most:,} {self.what} a {self.period} "
            f"(CELLGEBRA_{self.setting.upper()}), and {why}"
        )


def _wait(seconds: float) -> str:
    if seconds < 10:
        return "wait a moment"
    minutes = math.ceil(seconds / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""
    return f"there is room for this again in {hours}{minutes % 60} min"
