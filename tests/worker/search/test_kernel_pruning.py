"""Pruned screens against the same screens without: no bit of what is found may differ."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.search.networks import all_designs, random_case
from worker.search.kernel import Screener, kernel_names, merge
from worker.search.kernel_arrays import Bins, Strata
from worker.search.kernel_objective import Limit, RankTerm, ScreenObjective
from worker.search.separable import gelu, separable_units
from worker.search.tables import ScreenLabel, ScreenTables, UnitTables

KERNELS = [name for name in kernel_names() if name.startswith("c-")]
RAISE = ScreenObjective((RankTerm(0),))
CAUTIOUS = ScreenObjective((RankTerm(0, caution=1.0),))


def unit_tables(edit_count, *, members=1, labels=1, scale=0.3, order=3, hidden=10, seed=0):
    """Hidden units with random weights and nothing beside them but singles."""
    draw = np.random.default_rng(seed)
    units = UnitTables(
        is_gelu=True,
        base_MH=draw.normal(0, 0.5, (members, hidden)),
        edit_MEH=draw.normal(0, scale, (members, edit_count, hidden)),
        second_base_MG=None,
        second_weight_MGH=None,
        output_MYH=draw.normal(0, 0.4, (members, labels, hidden)),
    )
    return ScreenTables(
        order=order,
        labels=tuple(ScreenLabel(f"y{y}", 1.0, 0.0, is_log=False) for y in range(labels)),
        outside_MY=draw.normal(0, 0.1, (members, labels)),
        single_MYE=draw.normal(0, 0.1, (members, labels, edit_count)),
        pair={},
        bound={},
        sizes=None,
        units=units,
    )


def readings(tables, designs):
    """In the labels' units [Y, M, B], in float64."""
    units = tables.units
    x_MBH = units.base_MH[:, None] + units.edit_MEH[:, designs].sum(axis=2)
    value_MYB = np.einsum("mbh,myh->myb", gelu(x_MBH), units.output_MYH)
    value_MYB += tables.outside_MY[:, :, None] + tables.single_MYE[:, :, designs].sum(axis=3)
    return np.stack([label.in_unit(value_MYB[:, y]) for y, label in enumerate(tables.labels)])


def both(tables, objective, kernel, **options):
    """The same screen pruned, and not; what is found is equal to the bit."""
    whole, pruned = (
        Screener(tables, objective, kernel=kernel, prune=prune, **options).run(threads=1)
        for prune in (False, True)
    )
    for name in ("value", "edits", "stratum"):
        np.testing.assert_array_equal(getattr(pruned, name), getattr(whole, name), strict=True)
    assert whole.pruned_count == 0
    assert pruned.evaluated_count + pruned.pruned_count == whole.evaluated_count
    assert pruned.evaluated_count >= len(pruned.value)
    assert pruned.infeasible_count <= whole.infeasible_count
    return pruned, whole


OBJECTIVES = st.builds(
    lambda terms, limits: ScreenObjective(terms, limits),
    st.tuples(
        st.builds(RankTerm, st.just(0), st.sampled_from([-1.5, 1.0]), st.sampled_from([0.0, 1.0])),
        st.builds(RankTerm, st.just(1), st.sampled_from([-0.5, 2.0]), st.sampled_from([0.0, 2.0])),
    ),
    st.sampled_from([(), (Limit(1, at_least=0.0),), (Limit(0, at_most=-50.0, probability=0.5),)]),
)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 999),
    shape=st.fixed_dictionaries(
        {
            "saturates": st.booleans(),
            "members": st.sampled_from([1, 3]),
            "measure_orders": st.sampled_from([(0, 0), (2, 0), (3, 0)]),
            "is_log": st.booleans(),
            "edit_count": st.integers(3, 12),
            "fixed_count": st.integers(0, 2),
        }
    ),
    order=st.integers(2, 3),
    keep=st.sampled_from([1, 2, 7, 500]),
    strata=st.integers(1, 3),
    share=st.sampled_from([0.5, 0.9, 1.0]),
    objective=OBJECTIVES,
)
def test_pruning_changes_no_bit(*, seed, shape, order, keep, strata, share, objective):
    tables = random_case(seed, activation="gelu", **shape).tables(order)
    draw = np.random.default_rng(seed)
    count = shape["edit_count"]
    upper_EE = np.triu(draw.random((count, count)) < share, 1)
    options = {
        "keep": keep,
        "allowed_EE": upper_EE | upper_EE.T,
        "strata": Strata(draw.integers(0, 2, count), strata),
    }
    for kernel in KERNELS:
        both(tables, objective, kernel, **options)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 999),
    members=st.sampled_from([1, 4]),
    labels=st.integers(1, 2),
    scale=st.sampled_from([0.01, 0.3, 2.0]),
    order=st.integers(2, 3),
    keep=st.sampled_from([1, 40]),
    is_log=st.booleans(),
    caution=st.sampled_from([0.0, 1.0]),
    sign=st.sampled_from([-1.0, 1.0]),
)
def test_what_is_kept_is_the_best_in_float64(
    *, seed, members, labels, scale, order, keep, is_log, caution, sign
):
    tables = unit_tables(
        {2: 110, 3: 30}[order], members=members, labels=labels, scale=scale, order=order, seed=seed
    )
    tables = replace(
        tables, labels=tuple(ScreenLabel(n.name, -0.7, 0.2, is_log) for n in tables.labels)
    )
    objective = ScreenObjective(tuple(RankTerm(y, sign, caution) for y in range(labels)))
    designs = all_designs(tables.edit_count, order)
    rank_B, _, _ = objective.values(readings(tables, designs))
    for kernel in KERNELS:
        pruned, _ = both(tables, objective, kernel, keep=keep)
        room = pruned.error_bound + 1e-3 * np.abs(rank_B).max()  # ranks of logarithms are raised
        best = np.sort(rank_B)[::-1][:keep]
        np.testing.assert_allclose(pruned.value, best, atol=room)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("members", "objective"), [(1, RAISE), (5, CAUTIOUS)])
def test_most_designs_are_pruned_and_counted_apart(kernel, members, objective):
    count = 120 // members + 40
    tables = unit_tables(count, members=members)
    pruned, whole = both(tables, objective, kernel, keep=20)
    assert whole.evaluated_count == comb(count, 3)
    assert pruned.evaluated_count < 0.1 * comb(count, 3)
    rank_N, _, _ = objective.values(readings(tables, pruned.edits))
    assert pruned.is_exact(rank_N, 10)
    assert not pruned.is_exact(rank_N, 20)


@pytest.mark.parametrize("kernel", KERNELS)
def test_shards_and_threads_prune_the_same(kernel):
    """The floor is that of all edits: a part of them is left with fewer than it could keep."""
    screener = Screener(unit_tables(100), RAISE, keep=20, kernel=kernel, prune=True)
    whole = screener.run(threads=1)
    parts = [screener.run(cut, threads=2) for cut in ((60, 100), (0, 1), (1, 60))]
    joined = merge(parts)
    for name, value in vars(whole).items():
        np.testing.assert_array_equal(getattr(joined, name), value, strict=True)
    assert len(parts[0].value) < 20
    assert parts[0].cutoff() == whole.cutoff()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("order", [2, 3])
def test_of_equal_designs_the_smaller_edits_are_kept(kernel, order):
    """All stand at the floor itself."""
    tables = unit_tables(100, order=order)
    units = replace(tables.units, edit_MEH=np.full((1, 100, 10), 0.2))
    tables = replace(tables, units=units, single_MYE=np.full((1, 1, 100), -1.0))
    pruned, _ = both(tables, RAISE, kernel, keep=200)
    assert pruned.edits.tolist() == all_designs(100, order)[:200].tolist()
    assert pruned.pruned_count == 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_good_edit_among_many_equal_ones(kernel):
    """Designs are equal but for one edit: what it makes is kept, and the rest pruned or tied."""
    tables = unit_tables(100)
    edit_MEH = np.full((1, 100, 10), 0.2)
    single_MYE = np.zeros((1, 1, 100))
    single_MYE[..., 57] = 0.01
    tables = replace(tables, units=replace(tables.units, edit_MEH=edit_MEH), single_MYE=single_MYE)
    pruned, _ = both(tables, RAISE, kernel, keep=comb(99, 2))
    assert (pruned.edits == 57).any(axis=1).all()
    assert pruned.pruned_count == comb(99, 3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_nothing_is_pruned_without_a_floor(kernel):
    """Where more are kept than there are, or none is feasible, every design is judged."""
    tables = unit_tables(30)
    pruned, _ = both(tables, RAISE, kernel, keep=comb(30, 3) + 1)
    assert pruned.pruned_count == 0
    assert pruned.cutoff() == -np.inf
    never = ScreenObjective((RankTerm(0),), (Limit(0, at_least=1e6),))
    pruned, _ = both(tables, never, kernel, keep=5)
    assert (pruned.pruned_count, pruned.infeasible_count) == (0, comb(30, 3))


@pytest.mark.parametrize("kernel", KERNELS)
def test_exponentials_that_no_float32_holds(kernel):
    tables = unit_tables(40, members=3, scale=8.0)
    tables = replace(tables, labels=(ScreenLabel("y", 3.0, 0.0, is_log=True),))
    lost = []
    for caution in (0.0, 0.1, 1.0):
        objective = ScreenObjective((RankTerm(0, caution=caution),))
        _, whole = both(tables, objective, kernel, keep=9)
        lost.append(whole.infeasible_count)
    assert lost[0] == 0 < lost[1] == lost[2]


@pytest.mark.parametrize(
    "kernel",
    [*KERNELS, pytest.param("numba", marks=[pytest.mark.slow, pytest.mark.timeout(900)])],
)
def test_what_needs_every_design_is_not_pruned(kernel):
    """Histograms and fronts; a kernel that has no bound reads all."""
    tables = unit_tables(20, labels=2)
    front = ScreenObjective((RankTerm(0), RankTerm(1)), has_front=True)
    bins = Bins(-1.0, 0.1, 20)
    for objective, options in ((front, {}), (RAISE, {"bins": bins})):
        screener = Screener(tables, objective, keep=5, kernel=kernel, prune=True, **options)
        part = screener.run(threads=1)
        assert (part.evaluated_count, part.pruned_count) == (comb(20, 3), 0)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 999),
    terms=st.integers(1, 3),
    order=st.integers(2, 3),
    scale=st.sampled_from([0.0, 0.02, 0.5, 3.0]),
    base=st.floats(-4, 4),
)
def test_sums_of_terms_are_gelu_within_their_error(seed, terms, order, scale, base):
    tables = unit_tables(25, members=2, scale=scale, order=order, seed=seed)
    units = replace(tables.units, base_MH=tables.units.base_MH + base)
    found = separable_units(units, order, terms)
    designs = all_designs(25, order)
    part_MBH = units.edit_MEH[:, designs[:, -1]]
    prefix_MBH = units.base_MH[:, None] + units.edit_MEH[:, designs[:, :-1]].sum(axis=2)
    last_B, node_MRH = designs[:, -1], found.node_MRH
    start_MBH = gelu(prefix_MBH + node_MRH[:, None, 0])
    sum_MBH = start_MBH + found.level_MEH[:, last_B]
    for r in range(terms):
        step_MBH = gelu(prefix_MBH + node_MRH[:, None, r + 1]) - start_MBH
        sum_MBH += found.term_MERH[:, last_B, r] * step_MBH
    left_MBH = np.abs(sum_MBH - gelu(prefix_MBH + part_MBH))
    assert (left_MBH <= found.error_MEH[:, last_B] + 1e-12).all()
    if terms == 3 and scale == 0.5:
        assert found.error_MEH.mean() < 0.01
