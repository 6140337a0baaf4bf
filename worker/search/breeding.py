"""Sets of edits made of others: every one of them may stand together, places ascending.

There are as many as were asked for, or fewer, where nothing may stand beside the rest.
"""

import numpy as np
from numpy.typing import NDArray

from worker.search.pool import EditPool

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TWO = 0.25  # share of the changed that exchange two edits


def random_sets(pool: EditPool, count: int, size: int, rng: np.random.Generator) -> Codes:
    """Sets whose edits are drawn one after the other."""
    return _filled(pool, np.zeros((count, 0), dtype=np.int64), size, rng)


def changed(pool: EditPool, set_BR: Codes, rng: np.random.Generator) -> Codes:
    """One edit exchanged for another, or two where there are so many."""
    size = set_BR.shape[1]
    is_two_B = (rng.random(len(set_BR)) < _TWO) & (size > 2)
    one = _filled(pool, shrunk(set_BR[~is_two_B], rng), size, rng)
    if not is_two_B.any():
        return one
    two = _filled(pool, shrunk(shrunk(set_BR[is_two_B], rng), rng), size, rng)
    return np.concatenate([one, two])


def grown(pool: EditPool, set_BR: Codes, rng: np.random.Generator) -> Codes:
    """One edit more."""
    return _filled(pool, set_BR, set_BR.shape[1] + 1, rng)


def shrunk(set_BR: Codes, rng: np.random.Generator) -> Codes:
    """One edit less."""
    rows, size = set_BR.shape
    keep_BR = np.ones((rows, size), dtype=bool)
    keep_BR[np.arange(rows), rng.integers(size, size=rows)] = False
    return set_BR[keep_BR].reshape(rows, size - 1)


def crossed(pool: EditPool, one_BR: Codes, other_BR: Codes, rng: np.random.Generator) -> Codes:
    """As many edits of two sets together, drawn; of all where those do not go together."""
    rows, size = one_BR.shape
    among_BN = np.zeros((rows, len(pool)), dtype=bool)
    np.put_along_axis(among_BN, one_BR, True, axis=1)
    np.put_along_axis(among_BN, other_BR, True, axis=1)
    return _filled(pool, np.zeros((rows, 0), dtype=np.int64), size, rng, among_BN)


def _filled(
    pool: EditPool,
    set_BR: Codes,
    size: int,
    rng: np.random.Generator,
    among_BN: Flags | None = None,
) -> Codes:
    """Sets with edits drawn to them, up to a size."""
    while set_BR.shape[1] < size and len(set_BR):
        fits_BN: Flags = np.ones((len(set_BR), len(pool)), dtype=bool)
        for place_B in set_BR.T:
            fits_BN &= pool.together_NN[place_B]
        if among_BN is not None:
            both_BN = fits_BN & among_BN
            fits_BN = np.where(both_BN.any(axis=1, keepdims=True), both_BN, fits_BN)
        draw_BN = np.where(fits_BN, rng.random(fits_BN.shape), -1.0)
        edit_B = draw_BN.argmax(axis=1)
        has_B = fits_BN.any(axis=1)
        set_BR = np.concatenate([set_BR, edit_B[:, None]], axis=1)[has_B]
        among_BN = None if among_BN is None else among_BN[has_B]
    if set_BR.shape[1] < size:
        return np.zeros((0, size), dtype=np.int64)
    return np.sort(set_BR, axis=1)
