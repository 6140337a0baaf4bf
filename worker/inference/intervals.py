"""Calibrated intervals of a measurement, from what every member missed by on what it left out.

With mu_m the prediction of member m on the learned scale, and r_i = y_i - mu_m(i)(x_i) the residual
of a training design i that member m(i) never saw, the predictive distribution at x is that of

    mu_m(i)(x) + r_i   over all i,

and an interval of level 1 - a lies between its a/2 and 1 - a/2 quantiles, at ranks
floor((n + 1) a/2) and n + 1 - floor((n + 1) a/2). It is wide where the members disagree, and where
they were wrong. On exchangeable designs it holds at least 1 - 2 a of the measurements, and in
practice close to 1 - a.

Source: Barber, Candes, Ramdas and Tibshirani 2021, doi:10.1214/20-AOS1965 (CV+; here with signed
residuals, so that the ends are not symmetric and there is a whole distribution to check).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.manifests import ManifestLabel
from service.contract.training import Transform
from worker.inference.order_statistics import least

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_RESIDUALS = 500
_CHUNK_VALUES = 2_000_000


class Residuals(NamedTuple):
    """Residuals of one label on its learned scale, and the member that each is of, [Q] both."""

    member_Q: Codes
    residual_Q: Floats

    def sorted(self) -> "Residuals":
        """Member by member, from the least to the greatest."""
        order_Q = np.lexsort((self.residual_Q, self.member_Q))
        return Residuals(self.member_Q[order_Q], self.residual_Q[order_Q])

    def thinned(self) -> "Residuals":
        """At most 500 of them: evenly spaced order statistics of every member's."""
        count, kept = len(self.residual_Q), self.sorted()
        if count <= MOST_RESIDUALS:
            return kept
        step = count / MOST_RESIDUALS
        kept_Q = ((np.arange(MOST_RESIDUALS) + 0.5) * step).astype(np.int64)
        return Residuals(kept.member_Q[kept_Q], kept.residual_Q[kept_Q])

    def least(self, member_MB: Floats, rank: int) -> Floats:
        """The value of this rank [B], from 1, among predictions with residuals that are sorted."""
        members, start_M = np.unique(self.member_Q, return_index=True)
        start_N = np.append(start_M, len(self.member_Q))
        return least(np.ascontiguousarray(member_MB[members].T), self.residual_Q, start_N, rank)


def _prefix(y: int) -> str:
    return f"interval.label.{y}."


def stored(y: int, residuals: Residuals) -> dict[str, NDArray[Any]]:
    """Arrays to store with a model."""
    return {_prefix(y) + name: array for name, array in residuals._asdict().items()}


class Intervals:
    """Intervals of every label that was calibrated."""

    def __init__(self, labels: Sequence[ManifestLabel], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._labels = labels
        self._residuals: dict[int, Residuals] = {}
        self._mirrored: dict[int, Residuals] = {}
        for y, label in enumerate(labels):
            if label.interval is not None:
                found = Residuals(*(arrays[_prefix(y) + name] for name in Residuals._fields))
                self._residuals[y] = found.sorted()
                self._mirrored[y] = Residuals(found.member_Q, -found.residual_Q).sorted()

    def ends(self, y: int, member_MB: Floats, level: float) -> tuple[Floats, Floats] | None:
        """Lower and upper end [B], in the label's unit; None with too few residuals for the level.

        `member_MB` are the members' predictions in the label's unit. Ends are not below the
        detection limit. A mixed difference below its order is 0, and so are both ends.
        """
        residuals = self._residuals.get(y)
        if residuals is None:
            return None
        count = len(residuals.residual_Q)
        rank = int((count + 1) * (1 - level) / 2 * (1 + 1e-12))  # 0.05 * 40 is to be 2
        if rank < 1:
            return None
        learned_MB = self._learned(y, member_MB)
        low_B = residuals.least(learned_MB, rank)
        high_B = -self._mirrored[y].least(-learned_MB, rank)
        return self._in_unit(y, low_B, member_MB), self._in_unit(y, high_B, member_MB)

    def below(self, y: int, member_MB: Floats, measured_B: Floats) -> Floats | None:
        """Share of the predictive distribution below what was measured [B], ties by halves."""
        residuals = self._residuals.get(y)
        if residuals is None:
            return None
        share_B = np.empty(len(measured_B))
        learned_B = self._learned(y, measured_B)
        for rows, value_BQ in self._values(y, residuals, member_MB):
            truth_B1 = learned_B[rows, None]
            below_B = (value_BQ < truth_B1).sum(axis=1) + (value_BQ == truth_B1).sum(axis=1) / 2
            share_B[rows] = (below_B + 0.5) / (value_BQ.shape[1] + 1)
        return share_B

    def _values(
        self, y: int, residuals: Residuals, member_MB: Floats
    ) -> Iterator[tuple[slice, Floats]]:
        """Values of the predictive distribution [B, Q], some designs at a time."""
        learned_BM = self._learned(y, member_MB).T
        step = max(1, _CHUNK_VALUES // len(residuals.residual_Q))
        for start in range(0, len(learned_BM), step):
            rows = slice(start, start + step)
            yield rows, learned_BM[rows][:, residuals.member_Q] + residuals.residual_Q

    def _learned(self, y: int, value: Floats) -> Floats:
        if self._labels[y].transform is not Transform.LOG:
            return value
        with np.errstate(divide="ignore"):  # a prediction of 0 is -inf on the log
            return np.log(value)

    def _in_unit(self, y: int, learned_B: Floats, member_MB: Floats) -> Floats:
        label = self._labels[y]
        value_B = np.exp(learned_B) if label.transform is Transform.LOG else learned_B
        if label.detection_limit is not None:
            value_B = np.maximum(value_B, label.detection_limit)
        if label.measure is not None:
            value_B = np.where((member_MB == 0).all(axis=0), 0.0, value_B)
        return value_B
