"""Loops compiled by numba, and what they take. Importing this imports numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

# float32 or float64, as the latents are.
Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F, **options: Any) -> F:  # noqa: ANN401  # numba's own
    """Compile on the first call; keep the result where there is a place for it."""
    options |= {"nogil": True, "error_model": "numpy"}
    try:
        return cast("F", njit(cache=True, **options)(function))
    except RuntimeError:  # a read-only installation and no home folder
        return cast("F", njit(**options)(function))
