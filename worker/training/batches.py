"""Offsets of batches (plates, cycles), from the designs that were measured in several of them.

label = level of the design + offsets of its batches + noise

Every design has a level of its own, whatever its edits: a batch is told from another one by the
designs that both hold (the reference among them), never by those that one of them lacks. What
designs in different batches differ by is left to the model. Offsets are random, with a variance
taken from the data by the method of moments, and each contrast of batches is shrunken by its noise.

A batch is never asked of the future: what is predicted is a measurement in the average batch.

Source: Henderson 1953, doi:10.2307/3001853 (method 3: designs fixed, batches random); DerSimonian
and Laird 1986, doi:10.1016/0197-2456(86)90046-2 (moments with known weights).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, csr_matrix, hstack
from scipy.sparse.csgraph import connected_components

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.losses import BatchMixingTerm, LossSpec

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_LEAST_SHARE = 1e-9  # of the largest weight: below it no design shows a contrast of batches
_LEAST_VARIANCE = 1e-200  # its inverse is finite, and so are sums of it
_EPSILON = float(np.finfo(np.float64).eps)
_LEAST_NOISE = 1e-12  # of the variance within designs: exact repeats have a weight that is finite


class Replication(NamedTuple):
    """Rows behind each observation [N], and the variance of a row (NaN without replicates)."""

    row_count_N: Codes
    row_variance: float

    @classmethod
    def of(cls, value_R: Floats, unit_R: Codes, mean_N: Floats) -> "Replication":
        """From rows on the learned scale, and the observation that each went into."""
        present_R = ~np.isnan(value_R)
        unit_R = unit_R[present_R]
        count_N = np.bincount(unit_R, minlength=len(mean_N))
        squares = float(np.sum((value_R[present_R] - mean_N[unit_R]) ** 2))
        spare = int(np.sum(np.maximum(count_N - 1, 0)))
        return cls(count_N, squares / spare if spare else np.nan)


@dataclass(frozen=True)
class BatchTie:
    """Batches that were compared, directly or through others, and the designs that did it."""

    batches: tuple[str, ...]
    shared_design_count: int


@dataclass(frozen=True)
class BatchOffsets:
    """Offset of each observation [N], and of each level by covariate; 0 on average in each tie.

    The sds are those of offsets and of one observation's noise, on the learned scale; None where
    no repeat tells offsets from noise, so that all offsets are 0.
    """

    offset_N: Floats
    levels: dict[str, dict[str, float]]
    ties: dict[str, tuple[BatchTie, ...]]
    offset_sd: float | None
    noise_sd: float | None


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


class _Repeats(NamedTuple):
    """Observations of designs that were observed more than once, all of their batches known."""

    design_N: Codes
    label_N: Floats
    level_NL: csr_matrix
    row_count_N: Codes

    @classmethod
    def of(
        cls, design_N: Codes, label_N: Floats, level_NL: csr_matrix, kept_N: Flags, rows_N: Codes
    ) -> "_Repeats":
        count_K = np.bincount(design_N[kept_N], minlength=int(design_N.max(initial=0)) + 1)
        rows = np.flatnonzero(kept_N & (count_K[design_N] > 1))
        codes = np.unique(design_N[rows], return_inverse=True)[1].reshape(-1)
        return cls(codes, label_N[rows], level_NL[rows], rows_N[rows])

    def within(self, weight_N: Floats) -> tuple[Floats, Floats]:
        """Labels less the mean of their design [N], and the Gram matrix of levels so [L, L]."""
        total_K = np.bincount(self.design_N, weights=weight_N)
        mean_K = np.bincount(self.design_N, weights=weight_N * self.label_N) / total_K
        weighted_NL = self.level_NL.multiply(weight_N[:, None]).tocsr()
        sum_KL = _indicators(self.design_N, len(total_K)).T @ weighted_NL
        share_KL = sum_KL.multiply(1.0 / total_K[:, None]).tocsr()
        gram_LL = (self.level_NL.T @ weighted_NL - share_KL.T @ sum_KL).toarray()
        return self.label_N - mean_K[self.design_N], gram_LL


class _Contrasts(NamedTuple):
    """Contrasts of batches [R] that designs show: their sums, and what these weigh."""

    vectors_LR: Floats
    weight_R: Floats
    sum_R: Floats

    @classmethod
    def of(cls, repeats: _Repeats, weight_N: Floats) -> "_Contrasts":
        deviation_N, gram_LL = repeats.within(weight_N)
        values, vectors = np.linalg.eigh(gram_LL)
        kept = values > _LEAST_SHARE * weight_N.max()
        sum_L = repeats.level_NL.T @ (weight_N * deviation_N)
        return cls(vectors[:, kept], values[kept], vectors[:, kept].T @ sum_L)

    @property
    def squares(self) -> float:
        """Weighted sum of squares that offsets explain."""
        return float(np.sum(self.sum_R**2 / self.weight_R))

    def offset_variance(self) -> float:
        """By moments, with weights of 1 / variance: E squares = R + v sum(weights)."""
        spare = self.squares - len(self.weight_R)
        return max(0.0, spare / float(np.sum(self.weight_R)))

    def offsets(self, variance: float) -> Floats:
        """Best linear prediction of the offsets [L]; a variance of 0 gives 0."""
        shrunken_R = self.sum_R * variance / (1.0 + variance * self.weight_R)
        offset_L: Floats = self.vectors_LR @ shrunken_R
        return offset_L


def _noise_variance(repeats: _Repeats, row_variance: float) -> Floats | None:
    """Variance of each observation [N]: that between builds or batches, and that of its rows.

    The former is what repeats of a design differ by beyond offsets and rows; None where neither
    is known.
    """
    unit_N = np.ones(len(repeats.label_N))
    contrasts = _Contrasts.of(repeats, unit_N)
    deviation_N, _ = repeats.within(unit_N)
    designs = int(repeats.design_N.max()) + 1
    spare = len(unit_N) - designs - len(contrasts.weight_R)
    if spare <= 0 and np.isnan(row_variance):
        return None
    rows_N = np.nan_to_num(row_variance) / repeats.row_count_N
    left = float(np.sum(deviation_N**2)) - contrasts.squares
    between = max(0.0, left / spare - float(rows_N.mean())) if spare > 0 else 0.0
    rounding = (_EPSILON**2 * float(np.mean(repeats.label_N**2)), _LEAST_VARIANCE)
    least = max(_LEAST_NOISE * float(np.mean(deviation_N**2)), *rounding)
    variance_N: Floats = np.maximum(between + rows_N, least)
    return variance_N


def _solve(repeats: _Repeats, row_variance: float) -> tuple[Floats, float, float] | None:
    """Offsets of all levels [L], their sd, and that of noise; None if nothing tells them apart."""
    if not len(repeats.label_N):
        return None
    variance_N = _noise_variance(repeats, row_variance)
    if variance_N is None:
        return None
    contrasts = _Contrasts.of(repeats, 1.0 / variance_N)
    if not len(contrasts.weight_R):
        return None
    variance = contrasts.offset_variance()
    noise_sd = float(np.sqrt(variance_N.mean()))
    return contrasts.offsets(variance), float(np.sqrt(variance)), noise_sd


def _ties(repeats: _Repeats, columns: slice, seen_L: Flags) -> list[tuple[Codes, int]]:
    """Levels of one covariate by what ties them, with the number of designs in two or more."""
    if not seen_L.any():
        return []
    designs = int(repeats.design_N.max(initial=-1)) + 1
    held_KL = (_indicators(repeats.design_N, designs).T @ repeats.level_NL[:, columns]).tocsr()
    graph = bmat([[None, held_KL.T], [held_KL, None]])
    part_L = connected_components(graph, directed=False)[1][: len(seen_L)]
    shared_K = np.diff(held_KL.indptr) > 1
    count_P = np.bincount(
        part_L[held_KL.indices[held_KL.indptr[:-1][shared_K]]], minlength=designs + len(seen_L)
    )
    order_L = np.flatnonzero(seen_L)[np.argsort(part_L[seen_L], kind="stable")]
    ends = np.flatnonzero(np.diff(part_L[order_L])) + 1
    return [(tied, int(count_P[part_L[tied[0]]])) for tied in np.split(order_L, ends)]


def estimate_offsets(
    design_N: Codes,
    label_N: Floats,
    replication: Replication,
    batch_NC: Codes,
    levels: Mapping[str, Sequence[str]],
) -> BatchOffsets:
    """Offsets on the scale of the labels; a batch that shares no design with another has 0.

    Args:
        design_N: which design an observation is of.
        label_N: observations, NaN where missing.
        replication: what replicates say of their noise.
        batch_NC: level of each covariate, -1 where missing: such an observation ties nothing.
        levels: names of the levels of each covariate.
    """
    sizes = [len(known) for known in levels.values()]
    blocks = [_indicators(batch_NC[:, c], size) for c, size in enumerate(sizes)]
    labelled_N = ~np.isnan(label_N)
    kept_N = labelled_N & (batch_NC >= 0).all(axis=1)
    level_NL = csr_matrix(hstack(blocks))
    repeats = _Repeats.of(design_N, label_N, level_NL, kept_N, replication.row_count_N)
    solved = _solve(repeats, replication.row_variance)
    offset_L = np.zeros(sum(sizes)) if solved is None else solved[0]
    count_L = np.asarray(level_NL[labelled_N].sum(axis=0)).ravel()
    offsets: dict[str, dict[str, float]] = {}
    ties: dict[str, tuple[BatchTie, ...]] = {}
    for (name, known), end in zip(levels.items(), np.cumsum(sizes), strict=True):
        columns = slice(end - len(known), end)
        found = _ties(repeats, columns, count_L[columns] > 0)
        for tied, _ in found:
            at_L = tied + columns.start
            center = np.average(offset_L[at_L], weights=count_L[at_L])
            offset_L[at_L] = offset_L[at_L] - center if len(tied) > 1 else 0.0
        offsets[name] = {known[i]: float(offset_L[columns][i]) for t, _ in found for i in t}
        ties[name] = tuple(BatchTie(tuple(known[i] for i in t), count) for t, count in found)
    offset_sd, noise_sd = (None, None) if solved is None else solved[1:]
    return BatchOffsets(level_NL @ offset_L, offsets, ties, offset_sd, noise_sd)
