"""One layer of attention among the edits of designs, from tables of edits. Imports numba.

What `EditAttention` projects of an edit is the same in every design of a network that is no longer
trained: it is looked up here, and what is summed up over the edits of a design is projected once,
after the sum. The sums are those of `worker.models.attention`, in another order.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.compiled import quickly
from worker.models.attention import EditAttention
from worker.models.encoding import DesignBatch

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# A share of exp(-100) is none.
_LEAST_SCORE = -100.0
_STEPS = 256.0


class FixedAttention:
    """A single layer of attention whose edits do not change any more, in float64.

    `query_EWH` and `key_EWH` have the heads last, so that they are added up together.
    """

    @torch.no_grad()
    def __init__(self, shift_ED: Tensor, layer: EditAttention) -> None:
        normal_ED = layer.normal(shift_ED)
        query_EI, key_EI, value_EI = (
            (mapped_rows(normal_ED, linear.weight.T) + linear.bias).numpy()
            for linear in (layer.query, layer.key, layer.value)
        )
        query_EI /= math.sqrt(layer.width)
        self._query_EWH, self._key_EWH = (
            np.ascontiguousarray(table_EI.reshape(-1, layer.heads, layer.width).transpose(0, 2, 1))
            for table_EI in (query_EI, key_EI)
        )
        self._value_EI = value_EI

    def mixed(self, batch: DesignBatch) -> Tensor:
        """What the edits of each design get of one another, one head behind the other [B, I]."""
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        mixed_BI = np.zeros((len(edit_BP), self._value_EI.shape[1]))
        strength_BQKH = np.empty((*edit_BP.shape, edit_BP.shape[1], self._key_EWH.shape[2]))
        _score(edit_BP, effect_BP, self._query_EWH, self._key_EWH, strength_BQKH)
        _raise(strength_BQKH.reshape(-1))
        _mix(edit_BP, effect_BP, strength_BQKH, self._value_EI, mixed_BI)
        return torch.from_numpy(mixed_BI)


class AttendedStates(NamedTuple):
    """Of designs z_P and z_I - z_W, or a linear map of them, from tables of edits.

    `start_X` is added to both, `shift_EX` are the maps of the shifts, and `after_IX` follows what
    the heads of the attention have mixed.
    """

    attention: FixedAttention
    start_X: Tensor
    shift_EX: Tensor
    after_IX: Tensor

    def __call__(self, batch: DesignBatch) -> Tensor:
        """Both maps [2, B, X], or [1, B, X]: a single edit has nothing to attend to."""
        rows, width = batch.edit_BP.shape
        found_RBX = torch.empty(min(width, 2), rows, len(self.start_X), dtype=torch.float64)
        sum_effects(batch, self.start_X, self.shift_EX, out=found_RBX[0])
        if width > 1:
            mixed_BI = self.attention.mixed(batch)
            torch.addmm(found_RBX[0], mixed_BI, self.after_IX, out=found_RBX[1])
        return found_RBX

    def mapped(self, map_XF: Tensor, start_F: Tensor) -> "AttendedStates":
        """A further map of them, x -> x `map_XF` + `start_F`."""
        return AttendedStates(
            self.attention,
            self.start_X @ map_XF + start_F,
            mapped_rows(self.shift_EX, map_XF),
            self.after_IX @ map_XF,
        )


def sum_effects(batch: DesignBatch, start_X: Tensor, table_EX: Tensor, out: Tensor) -> None:
    """The start and the rows of the edits of each design, times their effects [B, X]."""
    arrays = (batch.edit_BP, batch.effect_BP, start_X, table_EX, out)
    _sum(*(array.numpy() for array in arrays))


def mapped_rows(table_EX: Tensor, map_XF: Tensor) -> Tensor:
    """The product, to the last bit the same for a row wherever it stands in the table."""
    found_EF = torch.empty(len(table_EX), map_XF.shape[1], dtype=torch.float64)
    place_EX = torch.arange(len(map_XF)).expand(table_EX.shape).contiguous()
    start_F = torch.zeros_like(found_EF[0])
    sum_effects(
        DesignBatch(place_EX, table_EX.contiguous()), start_F, map_XF.contiguous(), out=found_EF
    )
    return found_EF


@quickly
def _sum(
    edit_BP: Codes, effect_BP: Floats, start_X: Floats, table_EX: Floats, sum_BX: Floats
) -> None:
    for b in range(len(edit_BP)):
        sum_BX[b] = start_X
        for p in range(edit_BP.shape[1]):
            edit, effect = edit_BP[b, p], effect_BP[b, p]
            if effect != 0:
                for x in range(len(start_X)):
                    sum_BX[b, x] += effect * table_EX[edit, x]


@quickly
def _score(  # noqa: C901  # with functions for the inner loops it takes three times as long
    edit_BP: Codes, effect_BP: Floats, query_EWH: Floats, key_EWH: Floats, score_BQKH: Floats
) -> None:
    """Scores of keys less the greatest of their query, which stands for the null key, too.

    The place of the query's own key is that of the null key, whose score is 0.
    """
    size, (_, width, heads) = edit_BP.shape[1], query_EWH.shape
    for b in range(len(edit_BP)):
        for q in range(size):
            score_KH = score_BQKH[b, q]
            score_KH[:] = 0.0
            for k in range(size):
                if k == q or effect_BP[b, k] == 0:
                    continue
                for i in range(width):
                    for h in range(heads):
                        own, other = edit_BP[b, q], edit_BP[b, k]
                        score_KH[k, h] += query_EWH[own, i, h] * key_EWH[other, i, h]
            for h in range(heads):
                greatest = 0.0
                for k in range(size):
                    greatest = max(greatest, score_KH[k, h])
                for k in range(size):
                    score_KH[k, h] -= greatest


@quickly
def _raise(x_N: Floats) -> None:
    """exp(x) of numbers that are not above 0, in place: (exp(x / 256))^256, which has no branch."""
    for n in range(len(x_N)):
        x = max(x_N[n], _LEAST_SCORE) / _STEPS
        y = 1.0 / 479001600.0
        for factorial in (
            39916800.0,
            3628800.0,
            362880.0,
            40320.0,
            5040.0,
            720.0,
            120.0,
            24.0,
            6.0,
            2.0,
            1.0,
            1.0,
        ):
            y = y * x + 1.0 / factorial
        for _ in range(8):
            y *= y
        x_N[n] = y


@quickly
def _mix(  # noqa: C901  # as of `_score`
    edit_BP: Codes, effect_BP: Floats, strength_BQKH: Floats, value_EI: Floats, mixed_BI: Floats
) -> None:
    """What every edit of a design gives to the others, added up."""
    size, heads = edit_BP.shape[1], strength_BQKH.shape[3]
    width = value_EI.shape[1] // heads
    given_PH = np.empty((size, heads))
    for b in range(len(edit_BP)):
        given_PH[:] = 0.0
        for q in range(size):
            effect = abs(effect_BP[b, q])
            if effect == 0:
                continue
            for h in range(heads):
                total = strength_BQKH[b, q, q, h]
                for k in range(size):
                    if k != q:
                        total += abs(effect_BP[b, k]) * strength_BQKH[b, q, k, h]
                for k in range(size):
                    if k != q:
                        share = abs(effect_BP[b, k]) * strength_BQKH[b, q, k, h] / total
                        given_PH[k, h] += effect * share
        for p in range(size):
            if effect_BP[b, p] == 0:
                continue
            for h in range(heads):
                given = given_PH[p, h]
                for i in range(h * width, (h + 1) * width):
                    mixed_BI[b, i] += given * value_EI[edit_BP[b, p], i]
