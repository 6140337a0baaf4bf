"""Branch and bound over sets of edits, compiled: depth first, the most promising edit first.

A node is a set of edits and a list of those that may still come. Its children take one edit of the
list each, in the order of what edits add at most, and keep those after it: every set is in one of
them. Edits that no set good enough can hold are taken off the list, and the bounds made anew.
"""

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled
from worker.search.branch_arrays import BranchArrays
from worker.search.branch_choice import largest
from worker.search.branch_forms import form_bound
from worker.search.branch_relaxed import relax
from worker.search.branch_state import DEPTH, NODES, Placed, Tree, Work

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

DONE, FULL, PAUSED = 0, 1, 2
_ROUNDS = 6
_SHRINKS = 0.95


@compiled
def _placed(tree: Tree, depth: int) -> Placed:
    return Placed(
        tree.unit_DMH[depth],
        tree.output_DC[depth],
        tree.inner_DC[depth],
        tree.size_DM[depth],
        tree.pair_DCE[depth],
    )


@compiled
def bound_node(  # noqa: PLR0917  # of a compiled function all are positional
    t: BranchArrays, tree: Tree, depth: int, least: float, gelu_table: Floats, w: Work
) -> None:
    """Bound the node at a depth: its list loses what is not good enough, and is put in order."""
    left = tree.size - depth
    s = _placed(tree, depth)
    list_E = tree.list_DE[depth]
    count = tree.count_D[depth]
    tree.next_D[depth] = 0
    tree.state[NODES] += 1
    order = np.argsort(t.clique_E[list_E[:count]], kind="mergesort")
    list_E[:count] = list_E[:count][order]
    add_N, keep_N = np.empty(count), np.empty(count, dtype=np.bool_)
    for _ in range(_ROUNDS):
        before = count
        list_N, keep = list_E[:count], keep_N[:count]
        if _clique_count(t, list_N) < left:
            tree.count_D[depth] = 0
            return
        relax(t, s, list_N, left, gelu_table, w)
        keep[:] = True
        for form in range(len(t.least_F)):
            fixed = form_bound(t, form, list_N, left, add_N, w)
            _good_enough(
                t, list_N, add_N, left, (least if form == 0 else t.least_F[form]) - fixed, keep
            )
            if form == 0:
                tree.fixed_D[depth] = fixed
                tree.add_DE[depth, :count] = add_N[:count]
        count = _kept(list_E, tree.add_DE[depth], keep)
        if count > _SHRINKS * before or left == 1:
            break
    tree.count_D[depth] = count
    _sort(t, tree, depth, count, left)


@compiled
def _clique_count(t: BranchArrays, list_N: Codes) -> int:
    found, last = 0, -1
    for n in range(len(list_N)):
        if t.clique_E[list_N[n]] != last:
            found, last = found + 1, t.clique_E[list_N[n]]
    return found


@compiled
def _good_enough(  # noqa: PLR0917
    t: BranchArrays, list_N: Codes, add_N: Floats, left: int, least: float, keep_N: Flags
) -> None:
    """Whether each edit, and the best others that are not of its clique, add `least`."""
    top_R = np.empty(left)
    place_R = largest(t, list_N, add_N, left, top_R)
    for n in range(len(list_N)):
        others, taken = 0.0, 0
        for r in range(left):
            if taken == left - 1:
                break
            if place_R[r] >= 0 and t.clique_E[list_N[place_R[r]]] != t.clique_E[list_N[n]]:
                others += top_R[r]
                taken += 1
        if add_N[n] + others < least:
            keep_N[n] = False


@compiled
def _kept(list_E: Codes, add_E: Floats, keep_N: Flags) -> int:
    count = 0
    for n in range(len(keep_N)):
        if keep_N[n]:
            list_E[count], add_E[count] = list_E[n], add_E[n]
            count += 1
    return count


@compiled
def _sort(t: BranchArrays, tree: Tree, depth: int, count: int, left: int) -> None:
    """Put the list in the order of what edits add, and bound the sets that begin with each."""
    list_N, add_N = tree.list_DE[depth, :count], tree.add_DE[depth, :count]
    order_N = np.argsort(-add_N, kind="mergesort")
    list_N[:] = list_N[order_N]
    add_N[:] = add_N[order_N]
    for k in range(count):
        tree.bound_DE[depth, k] = (
            tree.fixed_D[depth] + add_N[k] + _after(t, tree, depth, k, left - 1)
        )


@compiled
def _after(t: BranchArrays, tree: Tree, depth: int, k: int, wanted: int) -> float:
    """The most that `wanted` edits after one of a list add, -inf if there are not so many."""
    list_E, total, found = tree.list_DE[depth], 0.0, 0
    clique_R = np.empty(wanted + 1, dtype=np.int64)
    clique_R[0] = t.clique_E[list_E[k]]
    for n in range(k + 1, tree.count_D[depth]):
        if found == wanted:
            break
        clique, is_new = t.clique_E[list_E[n]], True
        for r in range(found + 1):
            if clique_R[r] == clique:
                is_new = False
        if is_new:
            found += 1
            clique_R[found] = clique
            total += tree.add_DE[depth, n]
    return total if found == wanted else -np.inf


@compiled
def advance(  # noqa: PLR0917
    t: BranchArrays,
    tree: Tree,
    least: float,
    nodes: int,
    set_BR: Codes,
    gelu_table: Floats,
    w: Work,
) -> tuple[int, int]:
    """Go on until all is DONE, `set_BR` is FULL, or PAUSED after so many nodes.

    Sets that may be worth `least` or more are written to `set_BR`; returns why it ended, and how
    many they are. The root has to be bounded.
    """
    found, end = 0, tree.state[NODES] + nodes
    while tree.state[DEPTH] >= 0:
        depth = tree.state[DEPTH]
        k, left = tree.next_D[depth], tree.size - depth
        if left == 1:
            if found + tree.count_D[depth] > len(set_BR):
                return FULL, found
            found = _take_leaves(tree, depth, least, set_BR, found)
            k = tree.count_D[depth]
        if k >= tree.count_D[depth]:
            tree.state[DEPTH] -= 1
            continue
        tree.next_D[depth] += 1
        if tree.bound_DE[depth, k] < least or not _descend(t, tree, depth, k, least):
            continue
        if tree.state[NODES] >= end:
            tree.next_D[depth] -= 1  # the node is made anew
            return PAUSED, found
        bound_node(t, tree, depth + 1, least, gelu_table, w)
        tree.state[DEPTH] += 1
    return DONE, found


@compiled
def _take_leaves(tree: Tree, depth: int, least: float, set_BR: Codes, found: int) -> int:
    """Write the sets with one edit more that may be worth `least`; how many there are then."""
    for n in range(tree.next_D[depth], tree.count_D[depth]):
        if tree.bound_DE[depth, n] < least:
            break
        set_BR[found, :depth] = tree.chosen_D[:depth]
        set_BR[found, depth] = tree.list_DE[depth, n]
        found += 1
    return found


@compiled
def _descend(t: BranchArrays, tree: Tree, depth: int, k: int, least: float) -> bool:
    """Make the child with an edit of the list; False where it has too few to choose among."""
    edit, left = tree.list_DE[depth, k], tree.size - depth
    others = _after(t, tree, depth, k, left - 2)
    lacks = least - tree.fixed_D[depth] - tree.add_DE[depth, k] - others
    count = 0
    for n in range(k + 1, tree.count_D[depth]):
        if tree.add_DE[depth, n] < lacks:
            break
        other = tree.list_DE[depth, n]
        if t.allowed_EE[edit, other]:
            tree.list_DE[depth + 1, count] = other
            count += 1
    if count < left - 1:
        return False
    tree.count_D[depth + 1] = count
    tree.chosen_D[depth] = edit
    members = t.base_MH.shape[0]
    tree.output_DC[depth + 1] = tree.output_DC[depth] + t.single_CE[:, edit]
    if len(t.pair_CEE):
        tree.output_DC[depth + 1] += tree.pair_DCE[depth, :, edit]
        tree.pair_DCE[depth + 1] = tree.pair_DCE[depth] + t.pair_CEE[:, edit]
    for m in range(members):
        tree.unit_DMH[depth + 1, m] = tree.unit_DMH[depth, m] + t.edit_MEH[m, edit]
    if len(t.inner_C):
        tree.inner_DC[depth + 1] = tree.inner_DC[depth] + t.inner_CE[:, edit]
        tree.size_DM[depth + 1] = tree.size_DM[depth] + t.size_ME[:, edit]
    return True


@compiled
def bound_left(tree: Tree) -> float:
    """What nothing that was not looked at is worth more than; -inf: there is nothing."""
    most = -np.inf
    for depth in range(tree.state[DEPTH] + 1):
        for k in range(tree.next_D[depth], tree.count_D[depth]):
            most = max(most, tree.bound_DE[depth, k])
    return most
