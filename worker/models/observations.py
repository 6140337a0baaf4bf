"""Training observations as plain arrays, and designs as sets of edits.

An edit without effect (activity as in the reference) is the same as none, in every model here.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from worker.models.encoding import DesignBatch

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


class EditSets(NamedTuple):
    """Designs as positions [B, P], from 1, and effects [B, P]; where one is 0, both are."""

    edit_BP: Codes
    effect_BP: Floats

    @property
    def orders(self) -> Codes:
        """How many edits each design has [B]."""
        order_B: Codes = (self.edit_BP > 0).sum(axis=1)
        return order_B

    def rows(self, index: Codes | Flags | slice) -> "EditSets":
        """Some of the designs."""
        return EditSets(self.edit_BP[index], self.effect_BP[index])

    def matrix(self, edit_count: int) -> csr_matrix:
        """Effects as a sparse matrix [B, E]."""
        used_BP = self.edit_BP > 0
        pointer = np.concatenate([[0], used_BP.sum(axis=1).cumsum()])
        columns = self.edit_BP[used_BP] - 1
        shape = (len(self.edit_BP), edit_count)
        return csr_matrix((self.effect_BP[used_BP], columns, pointer), shape=shape)


class Pairs(NamedTuple):
    """Columns of the two edits of each pair [Q], and whether a design has both [B, Q]."""

    first_Q: Codes
    second_Q: Codes
    used_BQ: Flags


def edit_sets(batch: DesignBatch) -> EditSets:
    """The edits of a batch that have an effect."""
    effect_BP = batch.effect_BP.double().cpu().numpy()
    edit_BP = np.where(effect_BP != 0, batch.edit_BP.cpu().numpy(), 0)
    return EditSets(edit_BP, np.where(edit_BP > 0, effect_BP, 0.0))


def pairs_of(edit_BP: Codes) -> Pairs:
    """All pairs of columns."""
    first_Q, second_Q = np.triu_indices(edit_BP.shape[1], k=1)
    used_BQ = (edit_BP[:, first_Q] > 0) & (edit_BP[:, second_Q] > 0)
    return Pairs(first_Q.astype(np.int64), second_Q.astype(np.int64), used_BQ)


def pair_keys(first: Codes, second: Codes, count: int) -> Codes:
    """One number for an unordered pair of numbers from 0 to `count`."""
    keys: Codes = np.minimum(first, second) * (count + 1) + np.maximum(first, second)
    return keys


def mean_by_key(key_N: Codes, value_N: Floats, weight_N: Floats) -> tuple[Codes, Floats]:
    """Sorted keys, and the weighted mean of each one's values."""
    unique_Q, place_N = np.unique(key_N, return_inverse=True)
    place_N = place_N.reshape(-1)
    count = len(unique_Q)
    total_Q = np.bincount(place_N, weights=weight_N * value_N, minlength=count)
    return unique_Q, total_Q / np.bincount(place_N, weights=weight_N, minlength=count)


def look_up(known_Q: Codes, value_Q: Floats, wanted: Codes) -> Floats:
    """Values by sorted keys; NaN where there is no such key."""
    if not len(known_Q):
        return np.full(wanted.shape, np.nan)
    place = np.minimum(np.searchsorted(known_Q, wanted), len(known_Q) - 1)
    return np.where(known_Q[place] == wanted, value_Q[place], np.nan)


@dataclass(frozen=True)
class KnownGenes:
    """What is known of the genes of all edits of a vocabulary.

    Features, coordinates whose products are a kernel between genes, and a number for each locus.
    """

    feature_EF: Floats
    coordinate_ER: Floats
    locus_E: Codes


@dataclass(frozen=True)
class Observations:
    """What one label of one member is fitted on; NaN is a missing label.

    `edit_count` is the size of the vocabulary, `genes` what is known of its genes beside the
    labels; `seed` is for models that draw.
    """

    sets: EditSets
    label_N: Floats
    weight_N: Floats
    edit_count: int
    seed: int = 0
    genes: KnownGenes | None = None

    def matrix(self) -> csr_matrix:
        """Effects [N, E]."""
        return self.sets.matrix(self.edit_count)

    def rows(self, index: Codes | Flags) -> "Observations":
        """Some of the observations."""
        return replace(
            self,
            sets=self.sets.rows(index),
            label_N=self.label_N[index],
            weight_N=self.weight_N[index],
        )

    def labelled(self) -> "Observations":
        """Those with a label and a weight.

        Raises:
            ValueError: there is none.
        """
        present_N = ~np.isnan(self.label_N) & (self.weight_N > 0)
        if not present_N.any():
            raise ValueError("a model needs at least one label")
        return self.rows(present_N)

    def drawn(self, most: int) -> "Observations":
        """At most so many, drawn without replacement where there are more."""
        if len(self.label_N) <= most:
            return self
        rng = np.random.default_rng(self.seed)
        return self.rows(rng.choice(len(self.label_N), most, replace=False))


def observations(
    batch: DesignBatch,
    label_N: Floats,
    weight_N: Floats | None = None,
    *,
    edit_count: int,
    seed: int = 0,
) -> Observations:
    """Observations of some designs, one a row; every weight is 1 where none is given.

    Raises:
        ValueError: shapes differ, a label is infinite, or a weight is no number from 0.
    """
    weights = np.ones(len(label_N)) if weight_N is None else weight_N
    if label_N.shape != (len(batch.edit_BP),) or weights.shape != label_N.shape:
        raise ValueError(
            f"{len(batch.edit_BP)} designs need as many labels and weights: "
            f"{label_N.shape} and {weights.shape} were given"
        )
    if np.isinf(label_N).any():
        raise ValueError(f"{int(np.isinf(label_N).sum())} labels are infinite")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("a weight is a finite number, at least 0")
    return Observations(edit_sets(batch), label_N, weights, edit_count, seed)
