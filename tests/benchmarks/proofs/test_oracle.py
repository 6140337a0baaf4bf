"""The computed oracle against the table of the example, which was computed by another program."""

import csv
import gzip
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from benchmarks.proofs.oracle import Oracle, places_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "ecoli_core" / "fba_ecoli_core.tsv.gz"


def test_it_is_whole(whole: Oracle) -> None:
    assert len(whole.sets(3)) == 410_040
    assert whole.growth_D[0] == 1.0
    assert len(whole.growth_D) == 1 + 136 + 9_180 + 410_040


def test_growths_are_those_of_the_example(whole: Oracle) -> None:
    with gzip.open(EXAMPLE, "rt") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["order"] == "3"]
    texts = ["+".join(f"{g}:deletion" for g in row["knockouts"].split("+")) for row in rows]
    growth_K = whole.growth_D[whole.of_order(3)][places_of(texts, whole)]
    assert growth_K.tolist() == pytest.approx([float(row["growth"]) for row in rows], abs=2e-6)


def test_no_deletion_raises_growth(whole: Oracle) -> None:
    sets = whole.sets(3)
    assert (whole.growth_D[whole.of_order(3)] <= whole.least_of_pairs(sets) + 1e-5).all()


def test_the_least_of_pairs_is_counted_through(small: Oracle) -> None:
    growth = dict(zip(map(tuple, small.sets(2)), small.growth_D[small.of_order(2)], strict=True))
    expected = [min(growth[pair] for pair in combinations(t, 2)) for t in small.sets(3).tolist()]
    assert small.least_of_pairs(small.sets(3)).tolist() == expected


def test_an_orbit_has_the_same_pairs(small: Oracle) -> None:
    sets = small.sets(3)
    orbit, least = small.orbit(sets), small.least_of_pairs(sets)
    for one in np.unique(orbit):
        assert np.ptp(least[orbit == one]) < 1e-4


def test_a_text_has_its_place(small: Oracle) -> None:
    texts = [small.genotype(row) for row in small.sets(3)]
    assert places_of(texts[::-1], small).tolist() == list(range(len(texts)))[::-1]
