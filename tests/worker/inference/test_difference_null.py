"""The permutation null of a single design: what it is on, and that it is a null."""

import itertools

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from worker.inference.difference_null import permutation_p, pool_of
from worker.inference.seen_designs import SeenDesigns

EDITS = [f"g{i}:knockdown" for i in range(9)] + ["g0:deletion"]


def seen_of(*places):
    """Designs of these edits, all at level 0.5."""
    edit_J = np.array([edit for design in places for edit in design], dtype=np.int64)
    return SeenDesigns(
        order_K=np.array([len(design) for design in places]),
        edit_J=edit_J,
        level_J=np.full(len(edit_J), 0.5),
        row_count_K=np.ones(len(places), dtype=np.int64),
        value_KY=np.zeros((len(places), 1)),
    )


PAIRS = seen_of((), *((edit,) for edit in range(9)), *itertools.combinations(range(9), 2))


def rng():
    return np.random.default_rng(0)


def test_p_is_the_share_of_all_draws_where_these_can_be_counted():
    own, others = np.array([0.3, 0.3]), np.array([[0.1, -0.5], [0.2, -0.1]])
    pools = [[0.3, 0.1, -0.5], [0.3, 0.2, -0.1]]
    means = [abs(np.mean(draw)) for draw in itertools.product(*pools)]
    exact = np.mean([mean >= 0.3 - 1e-12 for mean in means])  # 2 of 9
    p = permutation_p(own, others, 9_999, rng())
    assert p == pytest.approx(exact, abs=0.02)


def test_members_that_agree_on_a_design_that_stands_out_give_a_small_p():
    others = rng().normal(0, 0.1, (5, 100))
    assert permutation_p(np.full(5, 1.0), others, 999, rng()) == 1 / 1000
    # One member alone stands out: nobody agrees with it.
    assert permutation_p(np.array([0.5, -0.1, 0, 0, -0.1]), others, 999, rng()) > 0.05


def test_a_design_without_a_difference_has_p_1():
    assert permutation_p(np.zeros(3), rng().normal(size=(3, 50)), 99, rng()) == 1
    assert permutation_p(np.zeros(3), np.zeros((3, 50)), 99, rng()) == 1


def test_under_the_null_p_is_uniform():
    source = rng()
    found = [
        permutation_p(source.normal(size=3), source.normal(size=(3, 60)), 99, source)
        for _ in range(400)
    ]
    for bound in (0.1, 0.5, 0.9):
        assert np.mean(np.array(found) <= bound) == pytest.approx(bound, abs=0.08)


def test_the_sign_and_the_unit_of_differences_change_nothing():
    own, others = rng().normal(size=3), rng().normal(size=(3, 40))
    p = permutation_p(own, others, 499, rng())
    assert permutation_p(-own, -others, 499, rng()) == p
    assert permutation_p(1e6 * own, 1e6 * others, 499, rng()) == p


def test_the_pool_is_of_measured_designs_of_the_same_order():
    design = parse_genotype("g0:knockdown@0.5+g1:knockdown@0.5")
    pool, are_measured = pool_of(design, PAIRS, EDITS, rng())
    assert are_measured
    assert len(pool) == 35  # all pairs but the design itself
    assert {other.order for other in pool} == {2}
    assert design not in pool


def test_an_order_that_was_hardly_measured_is_drawn_from_measured_edits():
    design = parse_genotype("g0:knockdown@0.5+g1:knockdown@0.5+g2:knockdown@0.5")
    pool, are_measured = pool_of(design, PAIRS, EDITS, rng())
    assert not are_measured
    assert len({other.genotype for other in pool}) == len(pool) == 83  # 84 triples less one
    edits = {str(edit) for other in pool for edit in other.edits}
    assert edits == {f"g{i}:knockdown@0.5" for i in range(9)}
    assert design not in pool


def test_edits_that_exclude_each_other_are_not_drawn_together():
    seen = seen_of((0,), (9,), *((edit,) for edit in range(1, 9)))
    pool, _ = pool_of(parse_genotype("g1:knockdown+g2:knockdown"), seen, EDITS, rng())
    assert len(pool) == 44  # 45 pairs of ten edits less the one that is none; no level is another
    assert pool_of(parse_genotype("+".join(EDITS[:9])), seen, EDITS, rng()) == ([], False)


def test_wide_designs_have_a_smaller_pool():
    edits = [f"g{i:03}:knockdown" for i in range(200)]
    seen = seen_of(*((edit,) for edit in range(200)))
    for order, count in ((2, 200), (60, 72), (150, 20)):
        design = parse_genotype("+".join(edits[:order]))
        assert len(pool_of(design, seen, edits, rng())[0]) == count
