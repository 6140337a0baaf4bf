"""One service a data folder: a lock that the kernel frees when its holder ends, however it ends."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.supervisor.errors import DataDirInUseError


@contextmanager
def hold_data_dir(data_dir: Path) -> Iterator[None]:
    """Make the folder, and hold it until the block ends.

    Raises:
        DataDirInUseError: another process holds it, or it cannot be written.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # strains are nobody else's affair
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DataDirInUseError(
            f"the data folder {data_dir} cannot be written ({error.strerror}); "
            "choose another one with --data-dir"
        ) from error
    try:
        _lock(descriptor, data_dir)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise DataDirInUseError(
                f"the data folder {data_dir} cannot be locked ({error.strerror}); "
                "choose one on a local disk with --data-dir"
            ) from error
        pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        raise DataDirInUseError(
            f"the data folder {data_dir} is in use by process {pid}: stop that service "
            f"(`kill {pid}`), or choose another folder with --data-dir"
        ) from error
