"""Loops compiled by numba, and what they take. Importing this imports numba."""

import numpy as np
import numpy.typing as npt

from worker.compiled import F as F
from worker.compiled import compiled as compiled

# float32 or float64, as the latents are.
Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
