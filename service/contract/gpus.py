"""The GPUs of this machine that a process may use, without a driver's library or torch."""

import os
from collections.abc import Mapping
from pathlib import Path

_DEVICES = Path("/dev")


def visible_gpus(
    environment: Mapping[str, str] = os.environ, devices: Path = _DEVICES
) -> tuple[str, ...]:
    """What CUDA_VISIBLE_DEVICES names, or every GPU by its number, as far as there are any.

    A container sees the device files of its own GPUs alone. On other systems than Linux there are
    none to see: say how many there are (`CELLGEBRA_GPU_COUNT`).
    """
    count = len(list(devices.glob("nvidia[0-9]*")))
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return tuple(map(str, range(count)))
    names = [name.strip() for name in named.split(",")]
    known: list[str] = []
    for name in names:
        if name in ("", "-1"):  # CUDA sees none from here on
            break
        known.append(name)
    parts = any(name.startswith("MIG") for name in known)  # several of one device
    return tuple(known if parts and count else known[:count])


def shared_out(gpus: tuple[str, ...], workers: int) -> list[tuple[str, ...] | None]:
    """Each worker's GPUs, as many for each as may be; None for all where they do not go round."""
    least, more = divmod(len(gpus), workers)
    if workers == 1 or not least:
        return [None] * workers
    ends = [0]
    for place in range(workers):
        ends.append(ends[-1] + least + (place < more))
    return [gpus[ends[place] : ends[place + 1]] for place in range(workers)]
