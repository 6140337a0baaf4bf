"""e_coli_core by flux balance analysis: every design of up to three deletions, as computed."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.proofs.fitting import Rows

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Line = tuple[str, tuple[float | None, ...]]

FILE = Path(__file__).with_name("fba_ecoli_core_oracle.npz")
LABELS: tuple[dict[str, Any], ...] = (
    {"name": "growth", "kind": "fitness", "unit": "relative"},
    {"name": "product", "kind": "rate", "unit": "mmol/gDW/h"},
)
_SAME = 1e-5


@dataclass(frozen=True)
class Oracle:
    """Growth and product [D] of all designs: the wild type, singles, doubles, triples.

    Designs are in the order of `combinations` of the genes, order by order.
    """

    genes: tuple[str, ...]
    growth_D: Floats
    product_D: Floats

    @classmethod
    def read(cls, path: Path = FILE) -> "Oracle":
        """What `compute_oracle.py` wrote."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                tuple(kept["genes"].tolist()),
                kept["growth"][kept["growth_code"]],
                kept["product"][kept["product_code"]],
            )

    def sets(self, order: int) -> Codes:
        """Genes of the designs of an order [., order]."""
        listed = list(combinations(range(len(self.genes)), order))
        return np.array(listed, dtype=np.int64).reshape(len(listed), order)

    def first(self, order: int) -> int:
        """Place of the first design of an order."""
        return sum(comb(len(self.genes), lower) for lower in range(order))

    def of_order(self, order: int) -> slice:
        """Places of the designs of an order."""
        return slice(self.first(order), self.first(order + 1))

    def genotype(self, genes: Codes) -> str:
        """A design as text."""
        return "+".join(f"{self.genes[gene]}:deletion" for gene in genes.tolist())

    def rows(self, order: int, kept: Codes | None = None) -> list[Line]:
        """Designs of an order (all, or those at `kept`) with both labels."""
        sets = self.sets(order)
        places = np.arange(len(sets)) if kept is None else kept
        growth, product = self.growth_D[self.of_order(order)], self.product_D[self.of_order(order)]
        return [
            (self.genotype(sets[k]), (growth[k], None if np.isnan(product[k]) else product[k]))
            for k in places.tolist()
        ]

    def lower(self, max_order: int = 2) -> Rows:
        """All designs of at most some edits, as a table to train on."""
        lines = [row for order in range(max_order + 1) for row in self.rows(order)]
        return Rows.of(LABELS, lines)

    @cached_property
    def pair_growth(self) -> Floats:
        """Growth without two genes [G, G]."""
        growth_GG = np.diag(self.growth_D[self.of_order(1)])
        pairs = self.sets(2)
        growth_GG[pairs[:, 0], pairs[:, 1]] = self.growth_D[self.of_order(2)]
        growth_GG[pairs[:, 1], pairs[:, 0]] = self.growth_D[self.of_order(2)]
        return growth_GG

    def least_of_pairs(self, set_TR: Codes) -> Floats:
        """The least growth of the three pairs of each triple."""
        i, j, k = set_TR.T
        pair_GG = self.pair_growth
        least_T: Floats = np.minimum(np.minimum(pair_GG[i, j], pair_GG[i, k]), pair_GG[j, k])
        return least_T

    @cached_property
    def twins(self) -> Codes:
        """The first gene that no single or double tells a gene apart from [G]; see `lattice`."""
        pair_GG, count = self.pair_growth, len(self.genes)
        twin_G = np.arange(count)
        for gene in range(count):
            for other in np.unique(twin_G[:gene]).tolist():
                rest = np.setdiff1d(np.arange(count), [gene, other])
                apart = abs(pair_GG[gene, rest] - pair_GG[other, rest]).max(initial=0.0)
                if max(apart, abs(pair_GG[gene, gene] - pair_GG[other, other])) <= _SAME:
                    twin_G[gene] = other
                    break
        return twin_G

    def orbit(self, set_TR: Codes) -> Codes:
        """A number for each triple, the same for those that exchanging twins makes alike [T]."""
        twin_TR = np.sort(self.twins[set_TR], axis=1)
        count = len(self.genes)
        number_T: Codes = (twin_TR[:, 0] * count + twin_TR[:, 1]) * count + twin_TR[:, 2]
        return number_T


def places_of(genotypes: list[str], oracle: Oracle) -> Codes:
    """Places among the triples."""
    number = {gene: place for place, gene in enumerate(oracle.genes)}
    sets = np.array(
        [sorted(number[edit.split(":")[0]] for edit in text.split("+")) for text in genotypes]
    )
    count = len(oracle.genes)
    known = oracle.sets(3)
    keys = (known[:, 0] * count + known[:, 1]) * count + known[:, 2]
    asked = (sets[:, 0] * count + sets[:, 1]) * count + sets[:, 2]
    places: Codes = np.searchsorted(keys, asked)
    return places
