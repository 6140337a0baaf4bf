"""The mean of a Gaussian process on many designs of a few edits. Imports numba.

A training design that shares no edit with the one asked for has a covariance that their sizes
decide: those are summed up once for each size. Only the training designs that share an edit are
looked at one by one, and found by their edits. The sums are those of `worker.models.gp`, in another
order.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled
from worker.models.observations import EditSets
from worker.models.set_kernel import Products, covariance, smooth

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_CHUNK_ROWS = 1024


class Holders(NamedTuple):
    """Training designs by edit: those of edit e stand from `start_E[e]` to `start_E[e + 1]`.

    `square_N` and `size_N` are the sums of squared and of absolute effects of each design.
    """

    start_E: Codes
    design_H: Codes
    effect_H: Floats
    square_N: Floats
    size_N: Floats


def holders(known: EditSets, edit_count: int) -> Holders:
    """Which training designs hold each edit; edits count from 1."""
    matrix = known.matrix(edit_count).tocsc()
    return Holders(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int64),
        matrix.data.astype(np.float64),
        (known.effect_BP**2).sum(axis=1),
        np.abs(known.effect_BP).sum(axis=1),
    )


def posterior_mean(
    parameters: Floats, held: Holders, coefficient_N: Floats, asked: EditSets
) -> Floats:
    """The mean at designs [B]."""
    parts = [
        _mean(parameters, held, coefficient_N, asked.rows(slice(start, start + _CHUNK_ROWS)))
        for start in range(0, len(asked.edit_BP), _CHUNK_ROWS)
    ]
    return np.concatenate([np.zeros(0), *parts])


def _mean(parameters: Floats, held: Holders, coefficient_N: Floats, asked: EditSets) -> Floats:
    square_B = (asked.effect_BP**2).sum(axis=1)
    size_B = np.abs(asked.effect_BP).sum(axis=1)
    kind_U, kind_B = np.unique(square_B + 1j * size_B, return_inverse=True)
    apart = _without_shared(kind_U.real.copy(), kind_U.imag.copy(), held)
    smooth_UN = smooth(parameters, apart.distance)
    mean_U = covariance(parameters, apart) @ coefficient_N
    mean_B: Floats = mean_U[kind_B.reshape(-1)]
    _, linear, saturation, rough, length, overlap, *_ = parameters.tolist()
    _add_shared(
        asked.edit_BP,
        asked.effect_BP,
        kind_B.reshape(-1),
        square_B,
        np.exp(linear) * np.maximum(size_B, 1.0) ** -saturation,
        np.maximum(held.size_N, 1.0) ** -saturation,
        np.array([rough, 0.5 * np.exp(-2.0 * length), np.exp(overlap)]),
        smooth_UN,
        coefficient_N,
        held.start_E,
        held.design_H,
        held.effect_H,
        held.square_N,
        mean_B,
    )
    return mean_B


def _without_shared(square_U: Floats, size_U: Floats, held: Holders) -> Products:
    """Of designs that share no edit."""
    both = square_U[:, None] + held.square_N[None, :]
    logs = [np.log(np.maximum(size, 1.0)) for size in (size_U, held.size_N)]
    return Products(
        dot=np.zeros_like(both),
        distance=both,
        overlap=np.where(both > 0, 0.0, 1.0),
        log_sizes=logs[0][:, None] + logs[1][None, :],
        size_distance=(size_U[:, None] - held.size_N[None, :]) ** 2,
    )


@compiled
def _add_shared(
    edit_BP: Codes,
    effect_BP: Floats,
    kind_B: Codes,
    square_B: Floats,
    gain_B: Floats,
    gain_N: Floats,
    scales: Floats,
    smooth_UN: Floats,
    coefficient_N: Floats,
    start_E: Codes,
    design_H: Codes,
    effect_H: Floats,
    square_N: Floats,
    mean_B: Floats,
) -> None:
    rough, narrow, overlap = scales[0], scales[1], scales[2]
    count = len(square_N)
    dot_N = np.zeros(count)
    is_met_N = np.zeros(count, dtype=np.bool_)
    met = np.empty(count, dtype=np.int64)
    rows, width = edit_BP.shape
    for row in range(rows):
        found = 0
        for p in range(width):
            edit = edit_BP[row, p]
            if edit == 0:
                continue
            for h in range(start_E[edit - 1], start_E[edit]):
                n = design_H[h]
                dot_N[n] += effect_BP[row, p] * effect_H[h]
                if not is_met_N[n]:
                    is_met_N[n] = True
                    met[found] = n
                    found += 1
        total = 0.0
        for k in range(found):
            n = met[k]
            dot = dot_N[n]
            both = square_B[row] + square_N[n]
            near = np.exp(rough - narrow * max(both - 2.0 * dot, 0.0))
            added = gain_B[row] * gain_N[n] * dot + overlap * dot / (both - dot)
            total += coefficient_N[n] * (added + near - smooth_UN[kind_B[row], n])
            dot_N[n] = 0.0
            is_met_N[n] = False
        mean_B[row] += total
