"""Memory of this process and all that it started."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Memory:
    """`measure` is PSS (shared pages divided among their users) or, without it, RSS."""

    megabytes: float
    measure: str
    process_count: int

    def describe(self) -> str:
        """For a person to read."""
        what = f"{self.measure} of {self.process_count} processes"
        return f"idle memory {self.megabytes:.0f} MB ({what})"


def tree_memory() -> Memory:
    """Add up the process tree. 1 MB = 10^6 bytes."""
    own = psutil.Process()
    sizes = [size for process in (own, *own.children(recursive=True)) if (size := _size(process))]
    measure = "PSS" if all(name == "pss" for name, _ in sizes) else "RSS"
    return Memory(sum(value for _, value in sizes) / 1e6, measure, len(sizes))


def _size(process: psutil.Process) -> tuple[str, int] | None:
    try:
        full = process.memory_full_info()
        if hasattr(full, "pss"):
            return "pss", int(full.pss)
        return "rss", int(full.rss)
    except psutil.AccessDenied:
        return "rss", int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return None
