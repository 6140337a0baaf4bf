"""One layer of attention among the edits of designs, from tables of edits. Imports numba.

What `EditAttention` projects of an edit is the same in every design of a network that is no longer
trained: it is looked up here, and what is summed up over the edits of a design is projected once,
after the sum. The sums are those of `worker.models.attention`, in another order.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import math
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from worker.compiled import compiled
from worker.models.attention import EditAttention
from worker.models.encoding import DesignBatch

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


# Of all pairs of edits and heads: four megabytes a network at most. A score beyond would overflow
# where scores are not taken less their maximum.
_MOST_STRENGTHS = 1 << 19
_LARGEST_SCORE = 100.0


class FixedAttention:
    """z_P of designs, and what a single layer of attention adds to it, in float64."""

    @torch.no_grad()
    def __init__(self, shift_ED: Tensor, layer: EditAttention, interaction: nn.Linear) -> None:
        self._shift_ED = shift_ED.numpy().copy()
        query_EI, key_EI, value_EI = layer.projected(shift_ED)
        self._query_EI = (query_EI / math.sqrt(layer.width)).numpy()
        self._key_EI, self._value_EI = key_EI.numpy(), value_EI.numpy()
        self._heads = layer.heads
        self._strength_EEH = self._strengths()
        self._after_ID = (interaction.weight @ layer.output.weight).T.contiguous()

    def states(self, batch: DesignBatch) -> tuple[Tensor, Tensor]:
        """z_P and what is added to it, [B, D] both."""
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        z_P_BD = np.zeros((len(edit_BP), self._shift_ED.shape[1]))
        mixed_BI = np.zeros((len(edit_BP), self._query_EI.shape[1]))
        given, found = (edit_BP, effect_BP, self._shift_ED), (self._value_EI, z_P_BD, mixed_BI)
        if self._strength_EEH is not None:
            _attend_known(*given, self._strength_EEH, *found)
        else:
            _attend(*given, self._query_EI, self._key_EI, self._heads, *found)
        return torch.from_numpy(z_P_BD), torch.from_numpy(mixed_BI) @ self._after_ID

    def _strengths(self) -> Floats | None:
        """exp(score) of each pair of edits, where that is a small table."""
        edits = len(self._query_EI)
        if edits**2 * self._heads > _MOST_STRENGTHS:
            return None
        query_EHW, key_EHW = (
            table_EI.reshape(edits, self._heads, -1) for table_EI in (self._query_EI, self._key_EI)
        )
        score_EEH = np.ascontiguousarray(
            np.matmul(query_EHW.transpose(1, 0, 2), key_EHW.transpose(1, 2, 0)).transpose(1, 2, 0)
        )
        return np.exp(score_EEH) if score_EEH.max(initial=0.0) < _LARGEST_SCORE else None


# Sums of a handful of products may be in any order; infinities and NaN stay what they are. Loops
# stand inside one another: with functions for the inner ones, or one loop over the other edits, it
# takes three times as long.
_quickly = partial(compiled, fastmath={"reassoc", "contract"})


@_quickly
def _attend_known(  # noqa: C901  # see above
    edit_BP: Codes,
    effect_BP: Floats,
    shift_ED: Floats,
    strength_EEH: Floats,
    value_EI: Floats,
    z_P_BD: Floats,
    mixed_BI: Floats,
) -> None:
    """As `_attend`, with exp(score) from a table."""
    size, heads = edit_BP.shape[1], strength_EEH.shape[2]
    width = value_EI.shape[1] // heads
    for b in range(len(edit_BP)):
        for q in range(size):
            own, effect = edit_BP[b, q], effect_BP[b, q]
            if effect == 0:
                continue
            for d in range(shift_ED.shape[1]):
                z_P_BD[b, d] += effect * shift_ED[own, d]
            for head in range(heads):
                total = 1.0
                for k in range(size):
                    if k != q:
                        total += abs(effect_BP[b, k]) * strength_EEH[own, edit_BP[b, k], head]
                for k in range(size):
                    if k == q or effect_BP[b, k] == 0:
                        continue
                    other = edit_BP[b, k]
                    share = abs(effect * effect_BP[b, k]) * strength_EEH[own, other, head] / total
                    for i in range(head * width, (head + 1) * width):
                        mixed_BI[b, i] += share * value_EI[other, i]


@_quickly
def _attend(  # noqa: C901, PLR0912  # see above
    edit_BP: Codes,
    effect_BP: Floats,
    shift_ED: Floats,
    query_EI: Floats,
    key_EI: Floats,
    heads: int,
    value_EI: Floats,
    z_P_BD: Floats,
    mixed_BI: Floats,
) -> None:
    """Sums over the edits of a design: of shifts, and of what each gets of the others."""
    size, width = edit_BP.shape[1], query_EI.shape[1] // heads
    strength_P = np.empty(size)
    for b in range(len(edit_BP)):
        for q in range(size):
            own, effect = edit_BP[b, q], effect_BP[b, q]
            if effect == 0:
                continue
            for d in range(shift_ED.shape[1]):
                z_P_BD[b, d] += effect * shift_ED[own, d]
            for head in range(heads):
                greatest = 0.0  # the score of the null key
                for k in range(size):
                    if k == q or effect_BP[b, k] == 0:
                        continue
                    score = 0.0
                    for i in range(head * width, (head + 1) * width):
                        score += query_EI[own, i] * key_EI[edit_BP[b, k], i]
                    strength_P[k] = score
                    greatest = max(greatest, score)
                total = math.exp(-greatest)
                for k in range(size):
                    if k != q and effect_BP[b, k] != 0:
                        strength_P[k] = abs(effect_BP[b, k]) * math.exp(strength_P[k] - greatest)
                        total += strength_P[k]
                for k in range(size):
                    if k == q or effect_BP[b, k] == 0:
                        continue
                    share = abs(effect) * strength_P[k] / total
                    for i in range(head * width, (head + 1) * width):
                        mixed_BI[b, i] += share * value_EI[edit_BP[b, k], i]
