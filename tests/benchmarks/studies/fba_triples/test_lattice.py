"""What lower orders tell of triples, on lattices small enough to see through."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.studies.fba_triples.lattice import Lattice, ceiling, class_sizes, r2

GENES = "abcdef"


def lattice(**changes):
    """Neutral everywhere, but for what is named; `ab=0.5` is the growth without a and b."""
    growth = {frozenset(c): 1.0 for n in range(4) for c in combinations(GENES, n)}
    growth |= {frozenset(name): value for name, value in changes.items()}
    for triple in combinations(GENES, 3):
        least = min(growth[frozenset(pair)] for pair in combinations(triple, 2))
        if "".join(triple) not in changes:
            growth[frozenset(triple)] = least
    return Lattice(growth)


def test_twins_are_genes_that_nothing_tells_apart():
    found = lattice(ab=0.5)
    assert found.twins == {"a": "a", "b": "a", "c": "c", "d": "c", "e": "c", "f": "c"}
    assert class_sizes(found) == [4, 2]


def test_a_gap_that_a_twin_lacks_cannot_be_told():
    found = lattice(cde=0.0)  # c, d, e and f do nothing alone or in pairs
    for key in (found.values_below, found.orbit):
        limit = ceiling(found, key)
        assert (limit.mixed, limit.gaps, limit.gaps_in_mixed) == (1, 1, 1)
        assert limit.r2 < 1
        low, high, below, above = limit.unlike[0]
        assert (low, below, above) == (frozenset("cde"), 0.0, 1.0)
        assert high != low


def test_a_gap_of_a_gene_without_a_twin_is_not_excluded():
    singles = {"a": 0.9, "b": 0.8, "c": 0.7}
    pairs = {"ab": 0.75, "ac": 0.65, "bc": 0.6}
    found = lattice(**singles, **pairs, abc=0.1)
    limit = ceiling(found, found.orbit)
    assert (limit.mixed, limit.gaps, limit.gaps_in_mixed) == (0, 1, 0)
    assert limit.r2 == pytest.approx(1.0)


def test_orbits_tell_at_least_as_much_as_the_values_below():
    rng = np.random.default_rng(0)
    pairs = {"".join(p): rng.choice([0.5, 1.0]) for p in combinations(GENES, 2)}
    found = lattice(**pairs, abc=0.2)
    by_values, by_orbits = (ceiling(found, k) for k in (found.values_below, found.orbit))
    assert by_orbits.keys >= by_values.keys
    assert by_orbits.r2 >= by_values.r2 - 1e-12


def test_r2_by_hand():
    assert r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 6.0])) == pytest.approx(1 - 9 / 14)
