"""What a kernel keeps while it goes through designs; `Found` in screen.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.search.tables import Singles

_OUT_OF_MEMORY, _FRONT_IS_FULL = 1, 2


class FrontTooLargeError(ValueError):
    """More designs are not beaten in both values than there is room for."""


@dataclass
class Found:
    """Heaps of the best of each stratum, counts, and the front; one a thread.

    The front is of what values are at least. Rivals are the designs that it may not beat, by what
    their values are at most; they are given up, and lost, where there are too many.
    """

    value: Singles  # [strata, kept]
    edit: NDArray[np.int32]  # [strata, kept, 3]
    filled: NDArray[np.int64]
    histogram: NDArray[np.int64]
    front_value: Singles  # [capacity, 2]
    front_edit: NDArray[np.int32]
    rival_value: Singles  # [capacity, 2]
    rival_edit: NDArray[np.int32]
    front_count: int = 0
    rival_count: int = 0
    lost_rivals: bool = False
    evaluated: int = 0
    pruned: int = 0
    infeasible: int = 0

    @classmethod
    def empty(cls, kept: int, strata: int, bins: int, front: int, rivals: int) -> "Found":
        """Nothing found yet; `front` and `rivals` are the most designs that these may have."""
        return cls(
            value=np.zeros((strata, kept), dtype=np.float32),
            edit=np.full((strata, kept, 3), -1, dtype=np.int32),
            filled=np.zeros(strata, dtype=np.int64),
            histogram=np.zeros(bins + 2, dtype=np.int64),
            front_value=np.zeros((front, 2), dtype=np.float32),
            front_edit=np.full((front, 3), -1, dtype=np.int32),
            rival_value=np.zeros((rivals, 2), dtype=np.float32),
            rival_edit=np.zeros((rivals, 3), dtype=np.int32),
        )

    def check(self, code: int) -> None:
        """Raise what a kernel's answer means.

        Raises:
            MemoryError: there was none for the kernel.
            FrontTooLargeError: the front has no room for all its designs.
        """
        if code == _OUT_OF_MEMORY:
            raise MemoryError("no memory for the search kernel's blocks")
        if code == _FRONT_IS_FULL:
            raise FrontTooLargeError(
                f"more than {len(self.front_value)} designs are on the front of the two "
                "objectives: rank by one, or by their sum"
            )
