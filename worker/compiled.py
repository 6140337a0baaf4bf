"""Functions compiled by numba. Importing this imports numba, which takes a second.

`python -m worker.compiling` compiles them ahead, for an image whose containers begin with an empty
folder of compiled code; see `begin_with`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])

INSTALLED = Path(sys.prefix) / "compiled"


def begin_with(installed: Path, kept: Path) -> None:
    """Put what was compiled with the installation where compiled code is kept, if that is new.

    numba takes of it what was compiled from the same sources for the same processor.
    """
    if kept.exists() or not installed.is_dir():
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        copy = shutil.copytree(installed, Path(folder) / kept.name)
        try:
            copy.rename(kept)
        except OSError:  # another process was first
            return


def compiled(function: F, **options: Any) -> F:  # noqa: ANN401  # numba's own
    """Compile on the first call; keep the result where there is a place for it."""
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        return cast("F", njit(cache=True, **options)(function))
    except RuntimeError:  # a read-only installation and no home folder
        return cast("F", njit(**options)(function))


def quickly(function: F) -> F:
    """Compile, with sums in any order, so that several numbers are added at a time.

    Infinities and NaN stay what they are.
    """
    return compiled(function, fastmath={"reassoc", "contract"})


if kept := os.environ.get("NUMBA_CACHE_DIR"):
    begin_with(INSTALLED, Path(kept))
