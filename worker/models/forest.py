"""A random forest on effects of edits, grown by scikit-learn, read here from plain arrays.

y = mean over trees of the mean label of the leaf that the design falls into. Each tree is grown on
a bootstrap sample of the observations.

Source: Breiman 2001, doi:10.1023/A:1010933404324; scikit-learn's RandomForestRegressor.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel

if TYPE_CHECKING:
    from worker.models.forest_spines import Spines

Nodes = NDArray[np.int32]

_CHUNK_ROWS = 1024
_COMPILED_ROWS = 512
_LEAF = -1


@dataclass(frozen=True)
class Forest(StoredModel):
    """All nodes of all trees, one tree after the other.

    `root_T` is the place of each tree's root. `left_N` and `right_N` are places, -1 at a leaf;
    `value_N` is the threshold of an inner node (left: at or below it) and the mean label of a leaf.
    """

    root_T: Nodes
    left_N: Nodes
    right_N: Nodes
    edit_N: Nodes
    value_N: Floats
    edit_count: NDArray[np.int64]

    def predict_sets(self, sets: EditSets) -> Floats:
        """Mean over the trees [B]."""
        if len(sets.edit_BP) >= _COMPILED_ROWS:
            return self._read_compiled(sets)
        parts = [
            self._read(sets.rows(slice(start, start + _CHUNK_ROWS)))
            for start in range(0, len(sets.edit_BP), _CHUNK_ROWS)
        ]
        return np.concatenate([np.zeros(0), *parts])

    def _read(self, sets: EditSets) -> Floats:
        # scikit-learn compares effects in float32, and adds trees up in their order.
        effect_BE = sets.matrix(int(self.edit_count)).toarray().astype(np.float32)
        total_B = np.zeros(len(effect_BE))
        for root in self.root_T.tolist():
            total_B += self.value_N[self._leaves(effect_BE, root)]
        mean_B: Floats = total_B / len(self.root_T)
        return mean_B

    def _read_compiled(self, sets: EditSets) -> Floats:
        """The same to the bit; compiling, and arranging the trees, pays for many designs."""
        from worker.models.forest_spines import read  # it imports numba

        sum_B = read(self._spines, sets.edit_BP, sets.effect_BP.astype(np.float32))
        mean_B: Floats = sum_B / len(self.root_T)
        return mean_B

    @cached_property
    def _spines(self) -> "Spines":
        from worker.models.forest_spines import arrange

        return arrange(
            self.root_T,
            self.left_N,
            self.right_N,
            self.edit_N,
            self.value_N,
            int(self.edit_count),
        )

    def _leaves(self, effect_BE: NDArray[np.float32], root: int) -> Nodes:
        node_B = np.full(len(effect_BE), root, dtype=np.int32)
        inner = np.flatnonzero(self.left_N[node_B] != _LEAF)
        while len(inner):
            at = node_B[inner]
            goes_left = effect_BE[inner, self.edit_N[at]] <= self.value_N[at]
            node_B[inner] = np.where(goes_left, self.left_N[at], self.right_N[at])
            inner = inner[self.left_N[node_B[inner]] != _LEAF]
        return node_B


def fit_forest(
    rows: Observations,
    *,
    trees: int = 200,
    max_depth: int | None = None,
    min_samples_leaf: int = 1,
    max_features: float = 1.0,
    max_rows: int = 20_000,
) -> Forest:
    """Grow a forest on at most `max_rows` labelled observations, drawn where there are more.

    Raises:
        ValueError: no row has a label.
    """
    # Imported here: it takes a second, and only training needs it.
    from sklearn.ensemble import RandomForestRegressor

    known = rows.labelled().drawn(max_rows)
    grown = RandomForestRegressor(
        trees,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        random_state=rows.seed,
        n_jobs=1,
    )
    # Without any edit there is still one column: a tree that has nothing to split is its root.
    matrix = known.sets.matrix(max(rows.edit_count, 1))
    weighted = None if (known.weight_N == known.weight_N[0]).all() else known.weight_N
    grown.fit(matrix, known.label_N, sample_weight=weighted)
    nodes = [tree.tree_ for tree in grown.estimators_]
    root_T = np.cumsum([0, *(tree.node_count for tree in nodes[:-1])])
    places = list(zip(nodes, root_T, strict=True))
    is_leaf = np.concatenate([tree.children_left == _LEAF for tree in nodes])
    thresholds = np.concatenate([tree.threshold for tree in nodes])
    means = np.concatenate([tree.value[:, 0, 0] for tree in nodes])
    return Forest(
        root_T=root_T.astype(np.int32),
        left_N=_shifted([(tree.children_left, root) for tree, root in places], is_leaf),
        right_N=_shifted([(tree.children_right, root) for tree, root in places], is_leaf),
        edit_N=np.where(is_leaf, 0, np.concatenate([t.feature for t in nodes])).astype(np.int32),
        value_N=np.where(is_leaf, means, thresholds),
        edit_count=np.array(max(rows.edit_count, 1)),
    )


def _shifted(children: list[tuple[NDArray[np.int64], int]], is_leaf: NDArray[np.bool_]) -> Nodes:
    places = np.concatenate([child + root for child, root in children])
    return np.where(is_leaf, _LEAF, places).astype(np.int32)
