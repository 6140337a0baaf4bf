"""What one would write first: every triple through one hidden layer, in PyTorch and in numba.

Both keep the best of 1,000 triples and nothing else; ours counts, breaks ties and takes any head.
"""

import numpy as np
import torch
from numba import njit


def torch_screen(
    base_H: np.ndarray, edit_EH: np.ndarray, weight_H: np.ndarray, outer: tuple[int, int]
) -> float:
    """Batches of (second, third) edits for each first one; the best value."""
    edit_EH, base_H = torch.from_numpy(edit_EH), torch.from_numpy(base_H)
    weight_H = torch.from_numpy(weight_H)
    best = torch.full((1000,), -torch.inf)
    count, step = len(edit_EH), 8
    for first in range(*outer):
        for begin in range(first + 1, count - 1, step):
            x_JH = base_H + edit_EH[first] + edit_EH[begin : min(begin + step, count - 1)]
            unit_JKH = torch.relu(x_JH[:, None] + edit_EH[begin + 1 :])
            value_JK = unit_JKH @ weight_H
            lower_JK = torch.ones_like(value_JK, dtype=torch.bool).triu()
            value = torch.where(lower_JK, value_JK, -torch.inf).flatten()
            best = torch.cat([best, value.topk(min(1000, len(value))).values]).topk(1000).values
    return float(best[0])


@njit(nogil=True, fastmath=True, cache=True)
def _numba_outer(base_H, edit_EH, edit_HE, weight_H, first, best):  # noqa: ANN001, ANN202, PLR0917
    count, units = edit_EH.shape
    value = np.empty(count, dtype=np.float32)
    for second in range(first + 1, count - 1):
        value[second + 1 :] = 0
        for h in range(units):
            x = base_H[h] + edit_EH[first, h] + edit_EH[second, h]
            w = weight_H[h]
            for third in range(second + 1, count):
                value[third] += w * max(x + edit_HE[h, third], np.float32(0))
        for third in range(second + 1, count):
            if value[third] > best[0]:
                place = 0
                while place + 1 < len(best) and best[place + 1] < value[third]:
                    best[place] = best[place + 1]
                    place += 1
                best[place] = value[third]


def numba_screen(
    base_H: np.ndarray, edit_EH: np.ndarray, weight_H: np.ndarray, outer: tuple[int, int]
) -> float:
    """A loop nest, the innermost in vectors; a sorted list of the best."""
    best = np.full(1000, -np.inf, dtype=np.float32)
    edit_HE = np.ascontiguousarray(edit_EH.T)
    for first in range(*outer):
        _numba_outer(base_H, edit_EH, edit_HE, weight_H, first, best)
    return float(best[-1])
