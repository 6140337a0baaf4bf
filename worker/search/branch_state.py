"""Where a branch and bound is, and the room that its nodes are bounded in."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.search.branch_arrays import BranchArrays

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

DEPTH, NODES = 0, 1  # in Tree.state


class Work(NamedTuple):
    """Room for one node: lines of units [M, H] and [M, G], and of outputs [C].

    `line_3MH` holds slopes, and what lies above and below at most; `add_CN` what each edit of the
    list adds to each channel, `fixed_C` what is there, both without the lines' constants.
    """

    line_3MH: Floats
    second_3MG: Floats
    slope_CH: Floats
    fixed_C: Floats
    add_CN: Floats
    rest_2C: Floats
    unit_3C: Floats
    gathered_NK: Floats
    end_2K: Floats
    slot_RK: Floats
    coefficient_N: Floats
    weight_C: Floats
    member_M: Floats


class Placed(NamedTuple):
    """Sums over the edits of a node: units, outputs, inner parts, sizes, pairs with each edit."""

    unit_MH: Floats
    output_C: Floats
    inner_C: Floats
    size_M: Floats
    pair_CE: Floats


class Tree(NamedTuple):
    """The nodes on the way from the root to where the search is, of sets of `size` edits.

    At depth d, of the `count_D` edits of `list_DE` those from `next_D` on are still to be taken;
    `bound_DE` is what sets with one of them, and further ones after it, are worth at most, and
    `rest_DE` what an edit adds. `state` is the depth (-1: all done) and how many nodes were made.
    """

    size: int
    list_DE: Codes
    bound_DE: Floats
    add_DE: Floats
    fixed_D: Floats
    count_D: Codes
    next_D: Codes
    chosen_D: Codes
    unit_DMH: Floats
    output_DC: Floats
    inner_DC: Floats
    size_DM: Floats
    pair_DCE: Floats
    state: Codes


def new_tree(t: BranchArrays, size: int) -> Tree:
    """All edits at the root, which is not bounded yet."""
    edits, channels = len(t.clique_E), len(t.outside_C)
    members, units = t.base_MH.shape
    has_pairs = len(t.pair_CEE) > 0
    tree = Tree(
        size=size,
        list_DE=np.zeros((size, edits), dtype=np.int64),
        bound_DE=np.full((size, edits), np.inf),
        add_DE=np.zeros((size, edits)),
        fixed_D=np.zeros(size),
        count_D=np.zeros(size, dtype=np.int64),
        next_D=np.zeros(size, dtype=np.int64),
        chosen_D=np.zeros(size, dtype=np.int64),
        unit_DMH=np.zeros((size, members, units)),
        output_DC=np.zeros((size, channels)),
        inner_DC=np.zeros((size, len(t.inner_C))),
        size_DM=np.zeros((size, len(t.size_M))),
        pair_DCE=np.zeros((size, channels if has_pairs else 0, edits if has_pairs else 0)),
        state=np.array([-1, 0]),
    )
    tree.list_DE[0] = np.arange(edits)
    tree.count_D[0] = edits
    tree.unit_DMH[0] = t.base_MH
    tree.output_DC[0] = t.outside_C
    tree.inner_DC[0] = t.inner_C
    tree.size_DM[0] = t.size_M
    return tree


def new_work(t: BranchArrays, size: int) -> Work:
    """Room for the nodes of a tree, used anew by each."""
    edits, channels = len(t.clique_E), len(t.outside_C)
    members, units = t.base_MH.shape
    wide = t.second_base_MG.shape[1] if t.layers == 2 else 0
    widest = max(units, wide, channels // members + 1)
    return Work(
        line_3MH=np.zeros((3, members, units)),
        second_3MG=np.zeros((3, members, wide)),
        slope_CH=np.zeros((channels, units)),
        fixed_C=np.zeros(channels),
        add_CN=np.zeros((channels, edits)),
        rest_2C=np.zeros((2, channels)),
        unit_3C=np.zeros((3, channels)),
        gathered_NK=np.zeros((edits, widest)),
        end_2K=np.zeros((2, widest)),
        slot_RK=np.zeros((size + 1, widest)),
        coefficient_N=np.zeros(edits),
        weight_C=np.zeros(channels),
        member_M=np.zeros(members),
    )
