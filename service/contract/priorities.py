"""Which of the jobs that wait is taken first."""

from enum import StrEnum


class JobPriority(StrEnum):
    """Jobs of a higher class are taken first, whenever they came; within a class the oldest is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Its number in a row; the higher goes first."""
        return _RANKS[self]


_RANKS = {JobPriority.LOW: -1, JobPriority.NORMAL: 0, JobPriority.HIGH: 1}


def rank_of(spec: object) -> int:
    """That of a stored spec; of one that has none, NORMAL's."""
    text = spec.get("priority") if isinstance(spec, dict) else None
    return JobPriority(text or JobPriority.NORMAL).rank
