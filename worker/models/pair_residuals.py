"""What an additive model leaves of designs of two edits: a sparse symmetric matrix.

z_ij is the least-squares factor of r_i r_j in the residuals of the designs {i, j},
sum(w r_i r_j residual) / sum(w (r_i r_j)^2), which is their plain mean where all effects are 1; the
denominator is its weight.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from worker.models.edit_effects import EditEffects, fit_edit_effects
from worker.models.observations import Codes, Flags, Observations
from worker.models.stored import Floats


@dataclass(frozen=True)
class PairMatrix:
    """A symmetric matrix of values, 0 where not known, and where they are known."""

    value_EE: Floats
    is_known_EE: Flags


@dataclass(frozen=True)
class PairResiduals:
    """Measured pairs: places of both edits, from 0, first below second, in sorted order."""

    effects: EditEffects
    first_Q: Codes
    second_Q: Codes
    value_Q: Floats
    weight_Q: Floats
    edit_count: int

    def matrix(self, value_Q: Floats | None = None) -> csr_matrix:
        """Symmetric matrix [E, E] of the values, or of others in their place."""
        values = self.value_Q if value_Q is None else value_Q
        rows = np.concatenate([self.first_Q, self.second_Q])
        columns = np.concatenate([self.second_Q, self.first_Q])
        shape = (self.edit_count, self.edit_count)
        return csr_matrix((np.concatenate([values, values]), (rows, columns)), shape=shape)

    def dense(self) -> PairMatrix:
        """The values as a full matrix."""
        known_EE = self.matrix(np.ones(len(self.value_Q))).toarray() > 0
        return PairMatrix(self.matrix().toarray(), known_EE)

    def among(self, used_E: Codes) -> "PairResiduals":
        """The same pairs, with places among these sorted edits, which hold all of them."""
        first_Q, second_Q = (np.searchsorted(used_E, x) for x in (self.first_Q, self.second_Q))
        return replace(self, first_Q=first_Q, second_Q=second_Q, edit_count=len(used_E))

    def rows(self, kept_Q: Flags) -> "PairResiduals":
        """Some of the pairs."""
        return replace(
            self,
            first_Q=self.first_Q[kept_Q],
            second_Q=self.second_Q[kept_Q],
            value_Q=self.value_Q[kept_Q],
            weight_Q=self.weight_Q[kept_Q],
        )

    def used(self) -> Codes:
        """Edits with at least one measured pair, sorted."""
        return np.unique(np.concatenate([self.first_Q, self.second_Q]))


def pair_residuals(rows: Observations) -> PairResiduals:
    """Fit the additive model to all labelled observations, and take it from those of two edits.

    Raises:
        ValueError: no row has a label.
    """
    return residuals_of(rows, fit_edit_effects(rows.labelled()))


def residuals_of(rows: Observations, effects: EditEffects) -> PairResiduals:
    """What an additive model leaves of the labelled designs of two edits."""
    known = rows.labelled()
    two = known.rows(known.sets.orders == 2)
    residual_N = two.label_N - effects.predict_sets(two.sets)
    edit_N2 = np.sort(two.sets.edit_BP, axis=1)[:, -2:] - 1  # padding is 0
    if edit_N2.shape[1] < 2:
        edit_N2 = np.zeros((0, 2), dtype=np.int64)
    # The product of all effects but the padding's 0.
    scale_N = np.where(two.sets.edit_BP > 0, two.sets.effect_BP, 1.0).prod(axis=1)
    key_N = edit_N2[:, 0] * max(rows.edit_count, 1) + edit_N2[:, 1]
    key_Q, place_N = np.unique(key_N, return_inverse=True)
    place_N = place_N.reshape(-1)
    above_Q = np.bincount(place_N, two.weight_N * scale_N * residual_N, minlength=len(key_Q))
    precision_N = two.weight_N * scale_N**2
    below_Q = np.bincount(place_N, precision_N, minlength=len(key_Q)).astype(np.float64)
    first_Q, second_Q = np.divmod(key_Q, max(rows.edit_count, 1))
    return PairResiduals(effects, first_Q, second_Q, above_Q / below_Q, below_Q, rows.edit_count)
