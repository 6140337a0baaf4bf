"""Is a design's y_intact - y_compose more than any design of its order has?

The null: which design a member's difference belongs to does not matter. Of designs of the same
order each member keeps its differences (on the learned scale), and a draw takes one of them for
each member, independently; the statistic is the absolute mean over the members. Where members
disagree which designs deviate, the mean of a draw is as large as that of the design itself. The
design is one of those that are drawn, and the draw that is the design itself counts as well:

    p = (1 + #{abs(mean of a draw) >= abs(mean of the design)}) / (1 + draws)

Source: Phipson and Smyth 2010, doi:10.2202/1544-6115.1585 (a p is never 0). The whole test part
has the same test in the report (`agreement`).
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, parse_genotype
from service.contract.errors import InvalidDesignError
from worker.inference.seen_designs import SeenDesigns

Floats = NDArray[np.float64]

LEAST_DESIGNS = 20
_MOST_DESIGNS = 200
_PAIRS = 1 << 18  # of edits, in all designs of a pool: what reading them costs has a bound
_TRIES = 5  # for each design that is wanted: some are edits that exclude each other
_ROUNDING = 1e-9


def permutation_p(
    own_M: Floats, other_MB: Floats, permutations: int, rng: np.random.Generator
) -> float:
    """P of a design's differences among those of other designs; 1 where it has none."""
    pool_MB = np.concatenate([own_M[:, None], other_MB], axis=1)
    drawn_MR = rng.integers(pool_MB.shape[1], size=(len(pool_MB), permutations))
    null_R = np.abs(np.take_along_axis(pool_MB, drawn_MR, axis=1).mean(axis=0))
    least = (1.0 - _ROUNDING) * abs(float(own_M.mean()))
    return float((1 + (null_R >= least).sum()) / (1 + permutations))


def pool_of(
    design: Design, seen: SeenDesigns, edits: Sequence[str], rng: np.random.Generator
) -> tuple[list[Design], bool]:
    """Other designs of the same order, drawn at random, and whether these were measured.

    Measured ones where there are `LEAST_DESIGNS`; else sets of edits that some measured design
    has, at its level. Fewer than `LEAST_DESIGNS` are no pool: the list is empty.
    """
    most = int(np.clip(_PAIRS // design.order**2, LEAST_DESIGNS, _MOST_DESIGNS))
    place_K = np.flatnonzero(seen.order_K == design.order)
    measured = [
        parse_genotype("+".join(seen.texts(place, edits)))
        for place in rng.permutation(place_K)[: most + 1].tolist()
    ]
    others = [found for found in measured if found != design][:most]
    if len(others) >= LEAST_DESIGNS:
        return others, True
    made = _made_up(design, seen.single_texts(edits), most, rng)
    return (made, False) if len(made) >= LEAST_DESIGNS else ([], False)


def _made_up(
    design: Design, texts: Sequence[str], most: int, rng: np.random.Generator
) -> list[Design]:
    """Distinct designs of the same order from single edits; fewer where these do not give more."""
    found: dict[str, Design] = {}
    for chosen in _choices(len(texts), design.order, _TRIES * most, rng):
        try:
            drawn = parse_genotype("+".join(texts[place] for place in chosen))
        except InvalidDesignError:
            continue
        if drawn != design:
            found[drawn.genotype] = drawn
        if len(found) == most:
            break
    return list(found.values())


def _choices(
    count: int, order: int, tries: int, rng: np.random.Generator
) -> Iterator[Sequence[int]]:
    """Sets of `order` of `count` places at random: all of them, or as many as `tries`."""
    if comb(count, order) <= tries:
        every = list(combinations(range(count), order))
        yield from (every[place] for place in rng.permutation(len(every)).tolist())
        return
    for _ in range(tries):
        yield rng.choice(count, order, replace=False).tolist()
