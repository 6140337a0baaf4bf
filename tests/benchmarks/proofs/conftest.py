"""A part of the oracle that is small enough to be counted through."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.proofs.oracle import Oracle


def part_of(oracle: Oracle, genes: list[int]) -> Oracle:
    """The oracle of some of the genes."""
    every = range(len(oracle.genes))
    kept = [
        place
        for place, design in enumerate(d for order in range(4) for d in combinations(every, order))
        if set(design) <= set(genes)
    ]
    names = tuple(oracle.genes[gene] for gene in genes)
    return Oracle(names, oracle.growth_D[kept], oracle.product_D[kept])


@pytest.fixture(scope="session")
def whole() -> Oracle:
    """All genes."""
    return Oracle.read()


@pytest.fixture(scope="session")
def small(whole: Oracle) -> Oracle:
    """Twelve genes, drawn so that some triples lie below their pairs."""
    drawn = np.random.default_rng(0)
    low = whole.sets(3)[
        whole.growth_D[whole.of_order(3)] < whole.least_of_pairs(whole.sets(3)) - 0.05
    ]
    genes = sorted(set(low[:3].ravel().tolist()) | set(drawn.choice(136, 6).tolist()))
    return part_of(whole, genes)
