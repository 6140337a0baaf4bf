"""Offsets of batches (plates, cycles): estimated with the edits, removed from training labels.

A batch is never asked of the future: what is predicted is a measurement in the average batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.losses import BatchMixingTerm, LossSpec
from worker.models.additive import fit_ridge

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class BatchOffsets:
    """Offset of each observation [N], 0 on average, and of each level by covariate."""

    offset_N: Floats
    levels: dict[str, dict[str, float]]


def _indicators(code_N: Codes, count: int) -> csr_matrix:
    """One column a level; a missing level (-1) is in none."""
    rows = np.flatnonzero(code_N >= 0)
    shape = (len(code_N), count)
    return csr_matrix((np.ones(len(rows)), (rows, code_N[rows])), shape=shape)


def require_batches(loss: LossSpec, batch_NC: Codes) -> None:
    """A loss that mixes batches needs observations of two of them.

    Raises:
        InvalidArgumentError: the data set has no covariate of the role batch, or one batch.
    """
    if not any(isinstance(term, BatchMixingTerm) and term.weight > 0 for term in loss.terms):
        return
    if any(len(np.unique(code_N[code_N >= 0])) > 1 for code_N in batch_NC.T):
        return
    lack = "one batch" if batch_NC.shape[1] else "no covariate of the role batch"
    message = (
        "loss: batch_mixing needs a covariate of the role batch that is known at design, with two "
        f"batches in the training part; it has {lack}: name the batches when you upload the data "
        "set, or leave the term out"
    )
    raise InvalidArgumentError(message, [Offender(field="loss.terms", message=message)])


def estimate_offsets(
    effect_NE: csr_matrix,
    label_N: Floats,
    batch_NC: Codes,
    names: Sequence[str],
    values: Sequence[Sequence[str]],
) -> BatchOffsets:
    """Ridge regression on edits and batch levels together, both shrunken alike.

    Together, because batches are not alike in their designs: a cycle of better designs must not
    lose what makes them better. An offset that few shared edits support is shrunken to nothing.
    """
    sizes = [len(levels) for levels in values]
    blocks = [_indicators(batch_NC[:, c], size) for c, size in enumerate(sizes)]
    fit = fit_ridge(csr_matrix(hstack([effect_NE, *blocks])), label_N)
    weights = np.split(fit.weight_E[effect_NE.shape[1] :], np.cumsum(sizes)[:-1])
    offset_N = np.zeros(len(label_N))
    levels: dict[str, dict[str, float]] = {}
    for name, known, block, weight in zip(names, values, blocks, weights, strict=True):
        part_N = block @ weight
        center = float(part_N[~np.isnan(label_N)].mean())
        offset_N += part_N - center
        seen = np.asarray(block.sum(axis=0)).ravel() > 0
        levels[name] = {
            level: float(value) - center
            for level, value, used in zip(known, weight, seen, strict=True)
            if used
        }
    return BatchOffsets(offset_N, levels)
