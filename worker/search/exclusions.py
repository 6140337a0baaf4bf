"""Which edits may stand in one design.

Two edits exclude each other where `service.contract.designs.Design` refuses them: they change the
same locus in one exclusivity group, and a deletion leaves nothing of its locus to change.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import EXCLUSIVITY_GROUP, Edit, claims_of

Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

_BIT = {group: 1 << place for place, group in enumerate(sorted(set(EXCLUSIVITY_GROUP.values())))}


def claims(edits: Sequence[Edit]) -> tuple[Codes, Codes]:
    """A number for each edit's locus, and the groups that it takes there as bits, [N] both."""
    number: dict[str, int] = {}
    locus_N = [number.setdefault(edit.locus, len(number)) for edit in edits]
    bits_N = [sum(_BIT[group] for group in claims_of(edit.kind)) for edit in edits]
    return np.array(locus_N, dtype=np.int64), np.array(bits_N, dtype=np.int64)


def together(edits: Sequence[Edit]) -> Flags:
    """Whether two edits may stand in one design [N, N]; an edit never stands twice."""
    locus_N, bits_N = claims(edits)
    allowed_NN = ~np.eye(len(edits), dtype=bool)
    order_N = np.argsort(locus_N, kind="stable")
    cuts = np.flatnonzero(np.diff(locus_N[order_N])) + 1
    for group in np.split(order_N, cuts):
        if len(group) == 1:
            continue
        overlap = (bits_N[group][:, None] & bits_N[group][None, :]) != 0
        allowed_NN[np.ix_(group, group)] = ~overlap
    return allowed_NN


def most_together(edits: Sequence[Edit]) -> int:
    """How many of the edits a design can hold, as far as their groups decide."""
    locus_N, bits_N = claims(edits)
    by_locus: dict[int, set[int]] = {}
    for locus, bits in zip(locus_N.tolist(), bits_N.tolist(), strict=True):
        by_locus.setdefault(locus, set()).add(bits)
    return sum(_most_disjoint(frozenset(bits)) for bits in by_locus.values())


def _most_disjoint(claimed: frozenset[int], taken: int = 0) -> int:
    """The most of some sets of groups that do not overlap; there are five different ones."""
    free = [bits for bits in claimed if not bits & taken]
    return max((1 + _most_disjoint(claimed, taken | bits) for bits in free), default=0)
