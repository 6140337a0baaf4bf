"""A clock that jumps while processes go by it, by Debian's package faketime."""

import os
from pathlib import Path

SLEEPING = Path(__file__).parent / "sleeping"
HOUR_SECONDS = 3600
_PATH = "PYTHONPATH"


class Clock:
    """The wall clock of processes that are started with its `environment`; others keep theirs.

    What counts seconds in between (`time.monotonic`) goes on as it does when a real clock is set.

    Args:
        path: where the clock's offset is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.jump(0)

    def jump(self, hours: int) -> None:
        """Go so many hours ahead of the time of day, or behind; 0 is right again."""
        fresh = self._path.with_suffix(".fresh")
        fresh.write_text(f"{hours * HOUR_SECONDS:+d}\n")
        fresh.replace(self._path)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process and its children go by this clock."""
        return {
            "LD_PRELOAD": _library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_CACHE_DURATION": "1",  # s until a jump is seen
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",  # files keep the times that they have
            _PATH: os.pathsep.join(filter(None, [str(SLEEPING), os.environ.get(_PATH)])),
        }


def _library() -> str:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "install Debian's package faketime"
    return str(found[0])
