"""Groups of observations of which no design is in two: what inner folds are made of."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Codes = NDArray[np.int64]

_LEAST_GROUPS = 5  # as many as a member's fold is one of


def design_groups(design_N: Codes, group_N: Codes, is_edited_K: NDArray[np.bool_]) -> Codes:
    """The groups of a table, those that share a design as one; [N] each.

    Where that leaves fewer than five, as where each cycle is a group and cycles rebuild designs of
    others, each design is a group of its own. The reference, which is in every group, joins none.
    """
    pair_M2 = np.unique(np.stack([design_N, group_N], axis=1), axis=0)
    design_M, group_M = pair_M2[is_edited_K[pair_M2[:, 0]]].T
    if len(np.unique(design_M)) == len(design_M):
        return group_N
    groups = int(group_N.max()) + 1
    nodes = groups + len(is_edited_K)
    graph = csr_array((np.ones(len(design_M)), (group_M, groups + design_M)), shape=(nodes, nodes))
    _, part_P = connected_components(graph, directed=False)
    joined_N: Codes = part_P[group_N].astype(np.int64)
    return joined_N if len(np.unique(joined_N)) >= _LEAST_GROUPS else design_N
