"""What was measured of lower orders, as a table of pairs: the least that a design may be."""

import numpy as np

from worker.models.encoding import DesignBatch
from worker.models.observations import EditSets, edit_sets
from worker.models.upper_bound import UpperBound
from worker.search.tables import Singles

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
