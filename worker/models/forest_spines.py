"""The trees of a forest, arranged for designs of a few edits among many. Imports numba.

A spine is the way that a design without edits takes from a node to a leaf; a design leaves it at
the first node that one of its edits sends to the other side, which is the head of another spine.
So a tree is read in steps that count edits, not nodes: where a root's spine tests an edit is looked
up, and the spines behind it are short. The leaf is the one that a walk from node to node comes to.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled

Nodes = NDArray[np.int32]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Singles = NDArray[np.float32]

_NONE = -1


class Spines(NamedTuple):
    """All nodes, spine after spine, the trees' roots first in their trees.

    `edit_Q` is -1 at the leaf that ends a spine, and `value_Q` its value, else the threshold;
    `other_Q` is where the spine behind a node begins, `same_Q` the next node of the spine with the
    same edit (-1: there is none); `first_TE` is the first node of a root's spine with an edit.
    """

    root_T: Nodes
    edit_Q: Nodes
    value_Q: Floats
    other_Q: Nodes
    same_Q: Nodes
    first_TE: Nodes


def arrange(
    root_T: Nodes, left_N: Nodes, right_N: Nodes, edit_N: Nodes, value_N: Floats, edit_count: int
) -> Spines:
    """Spines of a forest's nodes; edits count from 0."""
    count = len(left_N)
    spines = Spines(
        root_T=np.empty_like(root_T),
        edit_Q=np.empty(count, dtype=np.int32),
        value_Q=np.empty(count),
        other_Q=np.full(count, _NONE, dtype=np.int32),
        same_Q=np.full(count, _NONE, dtype=np.int32),
        first_TE=np.full((len(root_T), edit_count), _NONE, dtype=np.int32),
    )
    _arrange(root_T, left_N, right_N, edit_N, value_N, *spines)
    return spines


@compiled
def _arrange(
    from_T: Nodes,
    left_N: Nodes,
    right_N: Nodes,
    edit_N: Nodes,
    value_N: Floats,
    root_T: Nodes,
    edit_Q: Nodes,
    value_Q: Floats,
    other_Q: Nodes,
    same_Q: Nodes,
    first_TE: Nodes,
) -> None:
    head_S = np.empty(len(left_N), dtype=np.int32)
    behind_S = np.empty(len(left_N), dtype=np.int32)
    latest_E = np.full(first_TE.shape[1], _NONE, dtype=np.int32)
    place = 0
    for tree in range(len(from_T)):
        root_T[tree] = place
        head_S[0], behind_S[0], waiting = from_T[tree], _NONE, 1
        while waiting:
            waiting -= 1
            node, start = head_S[waiting], place
            if behind_S[waiting] != _NONE:
                other_Q[behind_S[waiting]] = start
            while left_N[node] != _NONE:
                edit = edit_N[node]
                edit_Q[place], value_Q[place] = edit, value_N[node]
                if latest_E[edit] >= start:
                    same_Q[latest_E[edit]] = place
                elif start == root_T[tree]:
                    first_TE[tree, edit] = place
                latest_E[edit] = place
                goes_left = np.float32(0.0) <= value_N[node]
                head_S[waiting] = right_N[node] if goes_left else left_N[node]
                behind_S[waiting] = place
                waiting += 1
                node = left_N[node] if goes_left else right_N[node]
                place += 1
            edit_Q[place], value_Q[place] = _NONE, value_N[node]
            place += 1


def read(spines: Spines, edit_BP: Codes, effect_BP: Singles) -> Floats:
    """Sum over the trees, in their order [B]; edits count from 1, 0 is none."""
    total_B = np.zeros(len(edit_BP))
    _read(edit_BP, effect_BP, *spines, _ends(spines), total_B)
    return total_B


def _ends(spines: Spines) -> Nodes:
    """Where the spine of each tree's root ends [T]."""
    leaf_S = np.flatnonzero(spines.edit_Q == _NONE)
    ends: Nodes = leaf_S[np.searchsorted(leaf_S, spines.root_T)].astype(np.int32)
    return ends


@compiled
def _departs(effect: float, threshold: float) -> bool:
    """Whether an edit goes another way than a design without it; effects are float32."""
    return (effect <= threshold) != (np.float32(0.0) <= threshold)


@compiled
def _at_root(
    edit_P: Codes,
    effect_P: Singles,
    end: int,
    first_E: Nodes,
    same_Q: Nodes,
    value_Q: Floats,
) -> int:
    """Where a design leaves the spine of a root, or its end."""
    place = end
    for p in range(len(edit_P)):
        at = first_E[edit_P[p] - 1] if edit_P[p] else _NONE
        while at != _NONE and at < place:
            if _departs(effect_P[p], value_Q[at]):
                place = at
            at = same_Q[at]
    return place


@compiled
def _along(edit_P: Codes, effect_P: Singles, place: int, edit_Q: Nodes, value_Q: Floats) -> int:
    """Where a design leaves the spine that begins at a place, or its end."""
    while edit_Q[place] != _NONE:
        for p in range(len(edit_P)):
            if edit_P[p] - 1 == edit_Q[place] and _departs(effect_P[p], value_Q[place]):
                return place
        place += 1
    return place


@compiled
def _read(
    edit_BP: Codes,
    effect_BP: Singles,
    root_T: Nodes,
    edit_Q: Nodes,
    value_Q: Floats,
    other_Q: Nodes,
    same_Q: Nodes,
    first_TE: Nodes,
    end_T: Nodes,
    total_B: Floats,
) -> None:
    for tree in range(len(root_T)):
        for row in range(len(edit_BP)):
            edit_P, effect_P = edit_BP[row], effect_BP[row]
            place = _at_root(edit_P, effect_P, end_T[tree], first_TE[tree], same_Q, value_Q)
            while edit_Q[place] != _NONE:
                place = _along(edit_P, effect_P, other_Q[place], edit_Q, value_Q)
            total_B[row] += value_Q[place]
