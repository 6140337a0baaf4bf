"""Kernels against the networks' own forward pass, over every design; counts, ties, shards."""

import os
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.search.kernels import COMPILED, KERNELS, TOGETHER, TRITON
from tests.worker.search.networks import all_designs, random_case
from worker.search.kernel import Screener, design_count, merge
from worker.search.kernel_arrays import Bins, Strata
from worker.search.kernel_objective import Limit, RankTerm, ScreenObjective
from worker.search.tables import ScreenLabel, ScreenTables, UnitTables

RAISE = ScreenObjective((RankTerm(0),))
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"  # slowly

HEADS = st.sampled_from(
    [
        {"head": "linear"},
        {"head": "quadratic"},
        *({"hidden_layers": n, "activation": a} for n in (1, 2) for a in ("relu", "gelu")),
    ]
)
SHAPES = st.fixed_dictionaries(
    {
        "saturates": st.booleans(),
        "members": st.sampled_from([1, 3]),
        "measure_orders": st.sampled_from([(0,), (2,), (0, 2), (3, 0)]),
        "is_log": st.booleans(),
        "edit_count": st.integers(1, 7),
        "fixed_count": st.integers(0, 2),
    }
)


def objectives(labels):
    """Any rank of some labels, with limits and a front where there are two."""
    terms = st.tuples(
        *(
            st.builds(
                RankTerm,
                st.just(y),
                st.sampled_from([-1.5, 0.5, 1.0]),
                st.sampled_from([0.0, 1.0]),
            )
            for y in range(labels)
        )
    )
    limit = st.builds(
        Limit,
        st.integers(0, labels - 1),
        at_least=st.none() | st.floats(-1, 1),
        at_most=st.none() | st.floats(0.5, 3),
        probability=st.sampled_from([0.5, 0.8]),
    )
    limits = st.lists(limit, max_size=2).map(tuple)
    return st.builds(ScreenObjective, terms, limits, has_front=st.just(labels > 1))


def allowed_designs(designs, allowed_EE):
    return np.array(
        [all(allowed_EE[i, j] for i, j in combinations(design, 2)) for design in designs.tolist()],
        dtype=bool,
    )


def symmetric(draw_EE):
    upper_EE = np.triu(draw_EE, 1)
    return upper_EE | upper_EE.T


def close(values, scale):
    """Room for float32: ranks of logarithmic labels are rounded up by a share of their size."""
    return 1e-3 * (1 + np.abs(scale).max(initial=0.0)) + 0 * values


def require_brute_force(kernels, case, order, objective, allowed_EE):
    """Everything a screen says, against every design read by the networks."""
    designs = all_designs(len(allowed_EE), order)
    designs = designs[allowed_designs(designs, allowed_EE)]
    readings_YMB = case.readings(designs)
    tables = case.tables(order)
    for kernel in kernels:
        screener = Screener(tables, objective, keep=6000, allowed_EE=allowed_EE, kernel=kernel)
        require_all(screener.run(threads=1), objective, designs, readings_YMB, case.labels)


def require_all(part, objective, designs, readings_YMB, labels):
    """A part that has room for all designs holds those that are feasible, ranked."""
    rank_B, term_TB, is_feasible_B = objective.values(readings_YMB)
    room = close(rank_B, readings_YMB)
    assert part.evaluated_count == len(designs)
    assert part.infeasible_count == len(designs) - len(part.value)
    place = {tuple(design): row for row, design in enumerate(designs.tolist())}
    rows = np.array([place[tuple(edits)] for edits in part.edits.tolist()], dtype=np.int64)
    assert len(set(rows.tolist())) == len(rows)
    assert set(np.flatnonzero(is_feasible_B)) <= set(rows.tolist())
    assert near_limits(objective, readings_YMB[:, :, rows])
    np.testing.assert_array_less(np.abs(part.value - rank_B[rows]), room[rows] + 1e-12)
    assert (np.diff(part.value) <= 0).all()
    if part.error_bound and not any(label.is_log for label in labels):
        assert np.abs(part.value - rank_B[rows]).max(initial=0.0) <= part.error_bound
    if objective.has_front:
        found = [place[tuple(edits)] for edits in part.front_edits.tolist()]
        require_front(found, term_TB[:2].T, rows, close(rank_B, readings_YMB)[:1])
        rivals = {place[tuple(edits)] for edits in part.rival_edits.tolist()}
        assert exact_front(term_TB, np.flatnonzero(is_feasible_B).tolist()) <= rivals


def near_limits(objective, readings_YMB):
    """Whether all designs are feasible, or miss a limit by no more than float32 can tell."""
    room = 1e-3 * (1 + np.abs(readings_YMB).max(initial=0.0))
    loose = [
        Limit(
            limit.label,
            None if limit.at_least is None else limit.at_least - room,
            None if limit.at_most is None else limit.at_most + room,
            limit.probability,
        )
        for limit in objective.limits
    ]
    return ScreenObjective(objective.terms, tuple(loose)).values(readings_YMB)[2].all()


def exact_front(term_TB, rows):
    """Rows that no other is at least as good as in both values and better in one."""
    value = {row: (term_TB[0, row], term_TB[1, row]) for row in rows}
    return {
        row
        for row, (a, b) in value.items()
        if not any(c >= a and d >= b and (c, d) != (a, b) for c, d in value.values())
    }


def require_front(found, value_B2, rows, room):
    """No design is better in both values than one of the front; none but them is needed."""
    for row in rows.tolist():
        assert any((value_B2[other] >= value_B2[row] - room).all() for other in found)
    for row in found:
        assert not any((value_B2[other] > value_B2[row] + room).all() for other in rows.tolist())


@pytest.mark.parametrize("kernels", TOGETHER)
@settings(max_examples=8 if INTERPRETED else 40)
@given(head=HEADS, shape=SHAPES, order=st.integers(1, 3), data=st.data())
def test_kernels_read_what_the_networks_read(kernels, head, shape, order, data):
    seed = data.draw(st.integers(0, 999))
    case = random_case(seed, **head, **shape)
    objective = data.draw(objectives(len(shape["measure_orders"])))
    is_free = data.draw(st.booleans())
    chance = np.random.default_rng(seed).random((shape["edit_count"],) * 2)
    allowed_EE = symmetric(np.ones_like(chance, dtype=bool) if is_free else chance < 0.7)
    require_brute_force(kernels, case, order, objective, allowed_EE)


@pytest.mark.parametrize("kernels", TOGETHER)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_lanes_of_several_blocks(kernels, activation):
    """More edits than a block has lanes, so that designs lie in several of them."""
    edits = 60 if INTERPRETED else 101
    case = random_case(5, activation=activation, members=2, edit_count=edits, hidden_dim=9)
    free_EE = ~np.eye(edits, dtype=bool)
    require_brute_force(kernels, case, 2, RAISE, free_EE)
    designs = all_designs(edits, 3)[::17]
    rank_B, _, _ = RAISE.values(case.readings(designs))
    for kernel in kernels:
        part = Screener(case.tables(3), RAISE, keep=500, kernel=kernel).run()
        assert part.evaluated_count == comb(edits, 3)
        found = {tuple(design) for design in part.edits.tolist()}
        above = designs[rank_B > part.cutoff() + part.error_bound].tolist()
        assert len(above) > 10
        assert {tuple(design) for design in above} <= found


def plain_tables(order, single_E, *, labels=1):
    """One member whose labels are sums of the same singles."""
    single_MYE = np.tile(np.asarray(single_E, dtype=np.float64), (1, labels, 1))
    return ScreenTables(
        order=order,
        labels=tuple(ScreenLabel(f"y{y}", 1.0, 0.0, is_log=False) for y in range(labels)),
        outside_MY=np.zeros((1, labels)),
        single_MYE=single_MYE,
        pair={},
        bound={},
        sizes=None,
        units=None,
    )


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_of_equal_designs_the_smaller_edits_are_kept(kernel, order):
    """Thousands of ties: which of them are found may not depend on blocks."""
    edits = 60 if INTERPRETED else 130
    part = Screener(plain_tables(order, np.zeros(edits)), RAISE, keep=200, kernel=kernel).run()
    assert part.edits.tolist() == all_designs(edits, order)[:200].tolist()
    assert part.evaluated_count == comb(edits, order)


@pytest.mark.parametrize("kernel", [*COMPILED, *TRITON])
def test_shards_and_threads_change_no_bit(kernel):
    edits = 15 if INTERPRETED else 60
    case = random_case(3, members=2, measure_orders=(0, 0), edit_count=edits)
    objective = ScreenObjective(
        (RankTerm(0), RankTerm(1, -1.0)), (Limit(0, at_least=0.0),), has_front=True
    )
    screener = Screener(
        case.tables(3),
        objective,
        keep=50,
        strata=Strata(np.arange(edits) % 2, 3),
        bins=Bins(-2.0, 0.1, 40),
        kernel=kernel,
    )
    whole = screener.run(threads=1)
    third = edits // 3
    cuts = [(0, 1), (1, 2), (2, third), (third, third), (third, edits)]
    for parts in (
        [screener.run(threads=2)],
        [screener.run(cut, threads=1) for cut in cuts],
        [screener.run(cut, threads=2) for cut in reversed(cuts)],
    ):
        joined = merge(parts)
        for name, value in vars(whole).items():
            np.testing.assert_array_equal(getattr(joined, name), value, strict=True)


@pytest.mark.parametrize("kernel", KERNELS)
def test_strata_bins_and_counts(kernel):
    """Each stratum keeps its own best; bins hold every design, those outside at the ends."""
    single_E = np.linspace(0, 1, 12)
    marked_E = np.arange(12) % 3 == 0
    screener = Screener(
        plain_tables(2, single_E),
        RAISE,
        keep=3,
        strata=Strata(marked_E.astype(np.int64), 3),
        bins=Bins(0.5, 0.25, 4),
        kernel=kernel,
    )
    part = screener.run()
    designs = all_designs(12, 2)
    value_B, stratum_B = single_E[designs].sum(axis=1), marked_E[designs].sum(axis=1)
    for stratum in range(3):
        kept = part.value[part.stratum == stratum]
        best = np.sort(value_B[stratum_B == stratum])[::-1][:3]
        np.testing.assert_allclose(kept, best, atol=1e-6)
    edges = [-np.inf, 0.5, 0.75, 1.0, 1.25, 1.5, np.inf]
    np.testing.assert_array_equal(part.histogram, np.histogram(value_B + 1e-9, edges)[0])


def test_counts_of_shards_add_up():
    assert design_count(6000, 3) == comb(6000, 3)
    assert sum(design_count(50, 3, (e, e + 1)) for e in range(50)) == comb(50, 3)


def test_a_stopped_screen_says_how_far_it_came():
    screener = Screener(plain_tables(3, np.zeros(40)), RAISE, keep=1)
    told = []
    part = screener.run(on_progress=told.append, should_stop=lambda: True)
    assert part.evaluated_count == 0
    assert told == []
    part = screener.run(on_progress=told.append)
    assert sum(told) == part.evaluated_count == comb(40, 3)


def test_what_float32_may_have_missed_is_not_called_exact():
    """The rule of the module: exact where the k-th is above cutoff + error."""
    case = random_case(8, edit_count=40)
    part = Screener(case.tables(3), RAISE, keep=100).run()
    rank_N, _, _ = RAISE.values(case.readings(part.edits))
    assert part.error_bound < 1e-4
    assert part.is_exact(rank_N, 50)
    assert not part.is_exact(rank_N, 100)
    everything = Screener(case.tables(2), RAISE, keep=1000).run()
    assert everything.is_exact(np.zeros(comb(40, 2)), 1000)
    truth_B, _, _ = RAISE.values(case.readings(all_designs(40, 3)))
    np.testing.assert_array_equal(np.sort(rank_N)[::-1][:50], np.sort(truth_B)[::-1][:50])


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_stands_on_the_front_by_less_than_float32_can_tell_is_a_rival(kernel):
    """Steps of 1e-10 between values near 1: in float32 nearly all designs are one."""
    step_E = np.arange(20) * 1e-10
    single_EY = np.stack([0.3 + step_E, 0.3 - step_E**1.5], axis=1)
    tables = replace(plain_tables(3, np.zeros(20), labels=2), single_MYE=single_EY.T[None])
    objective = ScreenObjective((RankTerm(0), RankTerm(1)), has_front=True)
    designs = all_designs(20, 3)
    term_TB = single_EY[designs].sum(axis=1).T
    part = Screener(tables, objective, keep=1, kernel=kernel).run()
    wanted = {tuple(designs[row]) for row in exact_front(term_TB, range(len(designs)))}
    assert len(wanted) > 20
    assert wanted <= {tuple(edits) for edits in part.rival_edits.tolist()}
    assert len(part.front_edits) < 5


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_design_that_may_be_infeasible_beats_nothing(kernel):
    """The best of both labels misses the limit by less than float32 can tell."""
    single_EY = np.array([[0.5, 0.9, 1.0 - 1e-9], [0.4, 0.8, 1.0], [0.3, 0.7, 0.5]])
    tables = replace(plain_tables(1, np.zeros(3), labels=3), single_MYE=single_EY.T[None])
    terms = (RankTerm(0), RankTerm(1))
    limited = ScreenObjective(terms, (Limit(2, at_least=1.0, probability=0.5),), has_front=True)
    part = Screener(tables, limited, keep=3, kernel=kernel).run()
    assert sorted(part.rival_edits[:, 0].tolist()) == [0, 1]
    assert part.infeasible_count == 1
    free = Screener(tables, ScreenObjective(terms, has_front=True), keep=3, kernel=kernel).run()
    assert free.rival_edits.tolist() == free.front_edits.tolist() == [[0]]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_front_with_too_many_rivals_says_so(kernel):
    objective = ScreenObjective((RankTerm(0), RankTerm(1)), has_front=True)
    tables = plain_tables(3, np.zeros(130), labels=2)
    parts = [
        Screener(tables, objective, keep=1, kernel=kernel).run(outer, threads=1)
        for outer in ((0, 60), (60, 130))
    ]
    assert [part.lost_rivals for part in parts] == [True, False]
    whole = merge(parts)
    assert whole.lost_rivals
    assert not len(whole.rival_edits)
    assert whole.front_edits.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("caution", [0.0, 1.0])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_designs_without_a_finite_rank_are_infeasible(kernel, caution, order):
    """Exponentials that no float32 holds, in the sum of members or in their squares."""
    single_E = np.linspace(1.0, 40.0, 9)
    tables = replace(
        plain_tables(order, single_E),
        labels=(ScreenLabel("y", 1.0, 0.0, is_log=True),),
        outside_MY=np.zeros((3, 1)),
        single_MYE=np.stack([single_E, single_E, 0.9 * single_E])[:, None],
    )
    objective = ScreenObjective((RankTerm(0, caution=caution),))
    part = Screener(tables, objective, keep=100, bins=Bins(0, 1, 4), kernel=kernel).run()
    designs = all_designs(9, order)
    sum_B = single_E[designs].sum(axis=1)
    member_MB = np.exp(np.minimum([sum_B, sum_B, 0.9 * sum_B], 88)).astype(np.float32)
    with np.errstate(over="ignore"):
        finite_B = np.isfinite(member_MB.sum(axis=0))
        if caution:
            distance_MB = member_MB - member_MB.mean(axis=0, dtype=np.float32)
            finite_B &= np.isfinite((distance_MB**2).sum(axis=0))
    assert part.evaluated_count == len(designs)
    assert part.infeasible_count == (~finite_B).sum()
    assert len(part.value) == finite_B.sum() == part.histogram.sum()
    assert np.isfinite(part.value).all()
    assert part.infeasible_count < len(designs)
    assert part.infeasible_count or order < 3 - (caution > 0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_rank_beyond_float32_is_no_rank(kernel):
    """One member and label, which is otherwise read in one pass."""
    objective = ScreenObjective((RankTerm(0, weight=1e38),))
    part = Screener(plain_tables(2, [0.5, 1.0, 4.0]), objective, keep=9, kernel=kernel).run()
    assert (part.evaluated_count, part.infeasible_count) == (3, 2)
    assert part.edits.tolist() == [[0, 1]]


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        Screener(plain_tables(2, [0.0, np.nan, 1.0]), RAISE, keep=1)


def test_parts_of_different_screens_do_not_merge():
    parts = [Screener(plain_tables(2, np.zeros(4)), RAISE, keep=keep).run() for keep in (1, 2)]
    with pytest.raises(ValueError, match="one screen"):
        merge(parts)


@pytest.mark.parametrize("kernel", KERNELS)
def test_gelu_is_that_of_torch(kernel):
    """One unit, from where it is nothing to where it is the identity."""
    x_E = np.linspace(-9, 9, 2_001 if INTERPRETED else 20_001)
    units = UnitTables(
        is_gelu=True,
        base_MH=np.zeros((1, 1)),
        edit_MEH=x_E[None, :, None],
        second_base_MG=None,
        second_weight_MGH=None,
        output_MYH=np.ones((1, 1, 1)),
    )
    tables = replace(plain_tables(1, np.zeros(len(x_E))), units=units)
    part = Screener(tables, RAISE, keep=len(x_E), kernel=kernel).run()
    wanted_E = torch.nn.functional.gelu(torch.from_numpy(x_E)).numpy()
    found_E = np.zeros(len(x_E))
    found_E[part.edits[:, 0]] = part.value
    np.testing.assert_allclose(found_E, wanted_E, rtol=2e-7, atol=8e-7)
