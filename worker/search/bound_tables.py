"""What was measured of lower orders, as a table of pairs: the most that a design may be."""

from itertools import product

import numpy as np

from worker.models.encoding import DesignBatch
from worker.models.observations import Codes, EditSets, edit_sets
from worker.models.upper_bound import UpperBound, tokens
from worker.search.tables import Singles, Triples

_DESIGNS = 1 << 18  # looked up at once


def bound_table(bound: UpperBound, edits: DesignBatch, fixed: DesignBatch, order: int) -> Singles:
    """Bounds [E, E] of pairs, or [1, E] of singles, beside the fixed edits.

    A design of one or two free edits has the bound of its own entry; one of three has the least of
    its three pairs', which hold what was measured of the pairs themselves as well.

    Raises:
        ValueError: an edit without effect, whose designs are those without it.
    """
    free, always = edit_sets(edits), edit_sets(fixed)
    if not (free.edit_BP > 0).all() or not (always.edit_BP > 0).all():
        raise ValueError("edits without effect cannot stand in a screen of a model with bounds")
    count = len(free.edit_BP)
    if order == 1:
        return _bounds(bound, free, always, np.arange(count)[:, None], is_part=False)[None]
    table = np.empty((count, count), dtype=np.float32)
    step = max(1, _DESIGNS // max(1, count))
    for begin in range(0, count, step):
        row, column = np.indices((min(step, count - begin), count))
        pairs = np.stack([row.ravel() + begin, column.ravel()], axis=1)
        found = _bounds(bound, free, always, pairs, is_part=order > 2)
        table[begin : begin + step] = found.reshape(-1, count)
    return table


def bound_triples(bound: UpperBound, edits: DesignBatch) -> Triples:
    """What was measured of three of the edits, which bounds designs of them and fixed edits."""
    token_E = tokens(bound.token_edit_T, bound.token_effect_T, edit_sets(edits))[:, 0]
    copies = _edits_of_tokens(token_E, len(bound.token_edit_T))
    token_Q3, value_Q = bound.triples()
    keys, values = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for chosen in product(copies, repeat=3):
        edit_Q3 = np.stack([edit_T[token_Q3[:, n]] for n, edit_T in enumerate(chosen)], axis=1)
        is_known_Q = (edit_Q3 >= 0).all(axis=1)
        first, second, last = np.sort(edit_Q3[is_known_Q], axis=1).T
        keys.append((first * len(token_E) + second) * len(token_E) + last)
        values.append(value_Q[is_known_Q])
    key_Q, value = np.concatenate(keys), np.concatenate(values)
    order_Q = np.argsort(key_Q, kind="stable")
    return Triples(key_Q[order_Q], value[order_Q].astype(np.float32))


def _edits_of_tokens(token_E: Codes, count: int) -> list[Codes]:
    """Places of the edits of each token, -1 where there is none: one list a spelling of an edit."""
    copies: list[Codes] = []
    for place, token in enumerate(token_E.tolist()):
        if token <= 0:
            continue
        free = next((copy for copy in copies if copy[token] < 0), None)
        if free is None:
            free = np.full(count + 1, -1, dtype=np.int64)
            copies.append(free)
        free[token] = place
    return copies


def _bounds(
    bound: UpperBound, free: EditSets, always: EditSets, chosen: np.ndarray, *, is_part: bool
) -> Singles:
    """Bounds [N] of designs of the chosen edits [N, U]; with `is_part` their own value counts."""
    rows = len(chosen)
    fixed_edit = np.broadcast_to(always.edit_BP.ravel(), (rows, always.edit_BP.size))
    fixed_effect = np.broadcast_to(always.effect_BP.ravel(), fixed_edit.shape)
    designs = EditSets(
        np.concatenate([free.edit_BP[chosen, 0], fixed_edit], axis=1),
        np.concatenate([free.effect_BP[chosen, 0], fixed_effect], axis=1),
    )
    found = bound.predict_sets(designs)
    if is_part:
        found = np.fmin(found, bound.measured(designs))
    return found.astype(np.float32)
