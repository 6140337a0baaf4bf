"""Functions compiled by numba. Importing this imports numba, which takes a second."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


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
