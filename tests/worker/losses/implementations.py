"""Implementations of a loss, to which the same laws apply."""

import pytest

# What numba compiles takes ten seconds and more, once an installation.
COMPILED = pytest.param("numba", marks=pytest.mark.slow)
BOTH = pytest.mark.parametrize("implementation", ["torch", COMPILED])
