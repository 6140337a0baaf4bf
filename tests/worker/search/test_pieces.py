"""Ranks of sets, the best of many, fronts, exclusions, diversity: against loops."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.designs import Design, EditKind, parse_edit
from service.contract.errors import InvalidDesignError
from worker.search.best import Best, Front, merged
from worker.search.diversity import choose_diverse
from worker.search.exclusions import most_together, together
from worker.search.sets import ranks_of, set_count, sets_at

QUICK = settings(max_examples=40)


@QUICK
@given(count=st.integers(1, 9), size=st.integers(0, 5), data=st.data())
def test_ranges_of_the_least_place_hold_their_sets_once(count, size, data):
    begin = data.draw(st.integers(0, count))
    end = data.draw(st.integers(begin, count))
    ranks = ranks_of(count, size, begin, end)
    found = [tuple(row) for row in sets_at(count, size, ranks).tolist()]
    least = [c for c in combinations(range(count), size) if begin <= min(c, default=0) < end]
    assert sorted(found) == sorted(least)
    assert len(found) == set_count(count, size, begin, end)


def test_a_set_of_a_large_pool_is_read_off_its_rank():
    last = comb(6000, 2)
    assert sets_at(6000, 2, range(last - 1, last)).tolist() == [[0, 1]]
    assert sets_at(6000, 2, range(1)).tolist() == [[5998, 5999]]


VALUES = st.lists(st.integers(-2, 2) | st.just(-np.inf), max_size=30)


@QUICK
@given(values=VALUES, cuts=st.lists(st.integers(0, 30), max_size=3), most=st.integers(1, 8))
def test_the_best_of_parts_is_the_best_of_all(values, cuts, most):
    sets = np.array([[i // 5, i % 5 + 7] for i in range(len(values))]).reshape(-1, 2)
    expected = sorted(
        ((v, s) for v, s in zip(values, sets.tolist(), strict=True) if v > -np.inf),
        key=lambda one: (-one[0], one[1]),
    )[:most]
    shuffled = np.random.default_rng(0).permutation(len(values))
    parts = np.split(shuffled, sorted(min(cut, len(values)) for cut in cuts))
    array = np.array(values, dtype=float)
    bests = [Best.none(2).joined(array[p], sets[p], most) for p in parts]
    best = merged(bests, 2, most)
    assert best.value_K.tolist() == [v for v, _ in expected]
    assert best.set_KR.tolist() == [s for _, s in expected]


@QUICK
@given(terms=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=25))
def test_the_front_is_what_no_design_is_as_good_as(terms):
    sets = np.arange(len(terms)).reshape(-1, 1)
    array = np.array(terms, dtype=float).reshape(-1, 2)
    front = Front.none(1)
    for part in np.array_split(np.random.default_rng(1).permutation(len(terms)), 3):
        front = front.joined(array[part], sets[part])
    expected = {
        i
        for i, (a, b) in enumerate(terms)
        if not any(
            c >= a and d >= b and ((c, d) != (a, b) or j < i) for j, (c, d) in enumerate(terms)
        )
    }
    assert set(front.set_QR.ravel().tolist()) == expected


def test_exclusions_are_those_of_designs():
    edits = [
        parse_edit(f"{locus}:{kind}{variant}")
        for locus in ("a", "b")
        for kind in EditKind
        for variant in ("", "=x")
    ]
    allowed_NN = together(edits)
    for i, first in enumerate(edits):
        for j, second in enumerate(edits):
            try:
                Design.of([first, second])
                stands = i != j
            except InvalidDesignError:
                stands = False
            assert allowed_NN[i, j] == stands, (str(first), str(second))


@pytest.mark.parametrize(
    ("edits", "most"),
    [
        (["a:deletion", "a:knockdown", "a:allele"], 2),
        (["a:deletion", "a:insertion", "b:knockdown", "b:deletion"], 3),
        (["a:knockdown@0.1", "a:knockdown@0.2"], 1),
        (["a:part=x", "a:allele=y", "a:copy_number@2", "a:insertion=z", "a:deletion"], 4),
    ],
)
def test_the_largest_design_that_can_stand(edits, most):
    assert most_together([parse_edit(text) for text in edits]) == most


@QUICK
@given(
    sets=st.lists(st.frozensets(st.integers(0, 5), max_size=3), min_size=1, max_size=12),
    diversity=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    count=st.integers(1, 12),
)
def test_diversity_is_maximal_marginal_relevance(sets, diversity, count):
    values = np.random.default_rng(2).normal(size=len(sets))
    padded = np.array([sorted(s) + [-1] * (3 - len(s)) for s in sets])
    scaled = (values - values.min()) / (np.ptp(values) or 1.0)
    expected: list[int] = []
    while len(expected) < min(count, len(sets)):

        def worth(i):
            alike = [
                len(sets[i] & sets[j]) / len(sets[i] | sets[j]) if sets[i] | sets[j] else 1.0
                for j in expected
            ]
            return round((1 - diversity) * scaled[i] - diversity * max(alike, default=0.0), 12)

        left = [i for i in range(len(sets)) if i not in expected]
        expected.append(max(left, key=lambda i: (worth(i), -i)))
    found = choose_diverse(values, padded, count, diversity)
    if diversity in {0.0, 1.0}:
        assert len(set(found)) == len(found) == len(expected)
    if diversity < 1.0:
        assert found == expected
