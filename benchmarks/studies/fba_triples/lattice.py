"""Growth of deletions as a lattice of subsets, and what its lower orders can tell of triples."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Genes = frozenset[str]

SAME = 1e-5  # two growths that differ by less are the same
GAP = 0.05


def _rounded(value: float) -> int:
    return round(value / SAME)


@dataclass(frozen=True)
class Lattice:
    """Growth by deleted genes: all singles, all doubles, and some triples."""

    growth: Mapping[Genes, float]

    @cached_property
    def genes(self) -> list[str]:
        """All genes, sorted."""
        return sorted(frozenset().union(*self.growth))

    @cached_property
    def triples(self) -> list[Genes]:
        """Designs of three."""
        return [genes for genes in self.growth if len(genes) == 3]

    @cached_property
    def truth(self) -> Floats:
        """Growth of the triples [T]."""
        return np.array([self.growth[genes] for genes in self.triples])

    @cached_property
    def least(self) -> Floats:
        """Least growth of the pairs of each triple [T]."""
        pairs = [[self.pair(*two) for two in combinations(t, 2)] for t in self.triples]
        least: Floats = np.array(pairs).min(axis=1)
        return least

    @cached_property
    def product(self) -> Floats:
        """Product of the pairs over that of the singles, 0 with a dead part [T]."""
        parts = [sorted(triple) for triple in self.triples]
        pair_TQ = np.array([[self.pair(*two) for two in combinations(t, 2)] for t in parts])
        single_TP = np.array([[self.single(gene) for gene in t] for t in parts])
        dead_T = (pair_TQ <= 0).any(axis=1) | (single_TP <= 0).any(axis=1)
        below_T = np.where(dead_T, 1.0, single_TP.prod(axis=1))
        product: Floats = np.where(dead_T, 0.0, pair_TQ.prod(axis=1)) / below_T
        return product

    def single(self, gene: str) -> float:
        """Growth without one gene."""
        return self.growth[frozenset({gene})]

    def pair(self, first: str, second: str) -> float:
        """Growth without two."""
        return self.growth[frozenset({first, second})]

    def values_below(self, triple: Genes) -> Hashable:
        """The six growths below a triple, in an order that does not depend on names."""

        def said(order: Sequence[str]) -> tuple[int, ...]:
            singles = [_rounded(self.single(gene)) for gene in order]
            return (*singles, *(_rounded(self.pair(*two)) for two in combinations(order, 2)))

        return min(said(order) for order in permutations(sorted(triple)))

    @cached_property
    def twins(self) -> dict[str, str]:
        """The first gene that no single or double tells a gene apart from.

        Exchanging two twins leaves every single and every double as it is.
        """
        found: dict[str, str] = {}
        kept: list[str] = []
        for gene in self.genes:
            same = (other for other in kept if self._are_twins(gene, other))
            found[gene] = next(same, gene)
            if found[gene] == gene:
                kept.append(gene)
        return found

    def _are_twins(self, first: str, second: str) -> bool:
        if abs(self.single(first) - self.single(second)) > SAME:
            return False
        others = (gene for gene in self.genes if gene not in {first, second})
        return all(abs(self.pair(first, x) - self.pair(second, x)) <= SAME for x in others)

    def orbit(self, triple: Genes) -> Hashable:
        """The same for two triples that exchanges of twins turn into each other."""
        return tuple(sorted(self.twins[gene] for gene in triple))


@dataclass(frozen=True)
class Ceiling:
    """What the best function of a key could explain, and the keys that hold unlike triples."""

    keys: int
    mixed: int
    r2: float
    r2_beyond: float
    gaps_in_mixed: int
    gaps: int
    unlike: tuple[tuple[Genes, Genes, float, float], ...]


def r2(value_T: Floats, truth_T: Floats) -> float:
    """Explained share of the variance."""
    total = float(np.sum((truth_T - truth_T.mean()) ** 2))
    return 1.0 - float(np.sum((value_T - truth_T) ** 2)) / total


def _by_key(keys: Iterable[Hashable]) -> list[list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        found[key].append(place)
    return list(found.values())


def ceiling(lattice: Lattice, key: Callable[[Genes], Hashable]) -> Ceiling:
    """With the mean of all triples of a key in hand, which no method has: an upper limit."""
    truth_T, least_T = lattice.truth, lattice.least
    groups = _by_key(key(triple) for triple in lattice.triples)
    best_T = np.empty_like(truth_T)
    for group in groups:
        best_T[group] = truth_T[group].mean()
    mixed = [group for group in groups if np.ptp(truth_T[group]) > 10 * SAME]
    is_gap_T = least_T - truth_T > GAP
    return Ceiling(
        keys=len(groups),
        mixed=len(mixed),
        r2=r2(best_T, truth_T),
        r2_beyond=r2(best_T - least_T, truth_T - least_T),
        gaps_in_mixed=sum(int(is_gap_T[group].sum()) for group in mixed),
        gaps=int(is_gap_T.sum()),
        unlike=tuple(_extremes(lattice, group) for group in mixed),
    )


def _extremes(lattice: Lattice, group: Sequence[int]) -> tuple[Genes, Genes, float, float]:
    order = sorted(group, key=lambda place: float(lattice.truth[place]))
    low, high = order[0], order[-1]
    values = lattice.truth[[low, high]].tolist()
    return lattice.triples[low], lattice.triples[high], values[0], values[1]


def class_sizes(lattice: Lattice) -> list[int]:
    """How many genes each class of twins has, the largest first."""
    return sorted(Counter(lattice.twins.values()).values(), reverse=True)
