"""Panels beside brute force over all panels of small cases."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.designs import Design, parse_edit, parse_genotype
from service.contract.panels import PanelSpec
from service.contract.proposals import Proposal
from worker.search.panel import choose_panel
from worker.search.panel_parents import Parents
from worker.search.panel_program import Limits, program_loci

LOCI = "abcdef"


def proposals(values):
    """Proposals of loci, best first, e.g. {"ab": 2.0, "c": 1.0}."""
    ordered = sorted(values.items(), key=lambda pair: -pair[1])
    return [
        Proposal(
            rank=rank,
            check_rank=rank,
            genotype="+".join(f"{locus}:deletion" for locus in loci),
            order=len(loci),
            value=value,
            check_value=value,
            design_support=0,
            is_new_combination=True,
            labels=(),
        )
        for rank, (loci, value) in enumerate(ordered, start=1)
    ]


def worth(found, loci):
    """Share of the worth of all designs that some loci can build."""
    values = np.array([p.value for p in found])
    worth_D = values - values.min() if np.ptp(values) else np.ones(len(values))
    built = [set(p.genotype.replace(":deletion", "").split("+")) <= set(loci) for p in found]
    return worth_D[built].sum() / worth_D.sum()


sets = st.sets(st.sampled_from(LOCI), min_size=1, max_size=3).map(lambda s: "".join(sorted(s)))
some = st.dictionaries(sets, st.integers(0, 20).map(float), min_size=1, max_size=12)


@given(some, st.integers(1, 4))
@settings(max_examples=60)
def test_loci_are_worth_what_they_say_and_at_most_the_best(values, size):
    found = proposals(values)
    panel = choose_panel(PanelSpec(size=size), found)
    names = [member.name for member in panel.members]
    assert len(names) == len(set(names)) <= size
    assert panel.worth_share == pytest.approx(worth(found, names))
    best = max(worth(found, chosen) for chosen in combinations(LOCI, size))
    assert panel.worth_share <= best + 1e-12  # greedy and swaps, not the optimum
    if size == 1:
        assert panel.worth_share == pytest.approx(best)


def test_a_pair_is_bought_whole_where_no_single_locus_is_worth_anything():
    found = proposals({"ab": 10.0, "c": 1.0, "d": 0.0})
    panel = choose_panel(PanelSpec(size=2), found)
    assert {member.name for member in panel.members} == {"a", "b"}
    assert (panel.design_count, panel.worth_share) == (1, pytest.approx(10 / 11))


def test_a_swap_mends_what_greedy_took():
    found = proposals({"ab": 3.0, "cd": 2.9, "ce": 2.9, "cde": 2.9, "f": 0.0})
    panel = choose_panel(PanelSpec(size=3), found)
    assert {member.name for member in panel.members} == {"c", "d", "e"}


def test_costs_a_budget_and_what_is_owned():
    found = proposals({"ab": 10.0, "c": 4.0, "d": 0.0})
    costs = [{"locus": "a", "cost": 5.0}]
    dear = choose_panel(PanelSpec(size=3, budget=4.0, costs=costs), found)
    assert [member.name for member in dear.members] == ["c"]
    owned = choose_panel(PanelSpec(size=3, budget=4.0, costs=costs, owned=["a"]), found)
    first = owned.members[0]
    assert (first.name, first.cost, first.is_owned) == ("a", 0.0, True)
    assert {member.name for member in owned.members} == {"a", "b", "c"}
    assert owned.cost == 2.0


def total_cost(found, parents):
    """What all designs cost when each is built from its best parent, and the parents are built."""
    designs = [set(parse_genotype(p.genotype).edits) for p in found]
    chosen = [set(parse_genotype(text).edits) for text in parents]
    left = [min([len(d), *(len(d - c) for c in chosen if c < d)]) for d in designs]
    return sum(left) + sum(len(c) for c in chosen)


@given(some, st.integers(1, 3))
@settings(max_examples=60)
def test_parents_save_what_they_say(values, size):
    found = proposals(values)
    panel = choose_panel(PanelSpec(kind="parents", size=size), found)
    names = [member.name for member in panel.members]
    saved = total_cost(found, []) - total_cost(found, names)
    assert panel.cost_saved == pytest.approx(saved)
    assert saved >= 0
    assert len(names) <= size


def test_the_parent_of_most_designs_is_built_first():
    found = proposals({"abc": 5.0, "abd": 4.0, "abe": 3.0, "f": 2.0})
    panel = choose_panel(PanelSpec(kind="parents", size=1), found)
    assert [member.name for member in panel.members] == ["a:deletion+b:deletion"]
    assert (panel.cost, panel.design_count, panel.cost_saved) == (2.0, 3, 4.0)
    owned = choose_panel(PanelSpec(kind="parents", size=1, owned=["a:deletion+b:deletion"]), found)
    assert owned.cost_saved == 6.0
    assert [member.is_owned for member in owned.members] == [True]


def test_what_the_background_holds_is_there_already():
    found = proposals({"abc": 3.0, "ac": 2.0, "ad": 1.0})
    loci = choose_panel(PanelSpec(size=2), found, background="a:deletion")
    assert {member.name for member in loci.members} == {"b", "c"}
    parents = choose_panel(PanelSpec(kind="parents", size=1), found, background="a:deletion")
    alone = choose_panel(PanelSpec(kind="parents", size=1), proposals({"bc": 3.0, "c": 2, "d": 1}))
    assert [m.name for m in parents.members] == [f"a:deletion+{m.name}" for m in alone.members]


def test_a_panel_hears_that_it_is_to_stop():
    def stop():
        raise InterruptedError

    for kind in ("loci", "parents"):
        with pytest.raises(InterruptedError):
            choose_panel(PanelSpec(kind=kind, size=2), proposals({"abc": 3.0, "b": 1.0}), poll=stop)


def test_a_panel_hears_it_while_candidates_are_counted():
    """There are 254 of each design of eight edits, millions in all: many looks between them."""
    loci = [f"g{i}:deletion" for i in range(12)]
    designs = [Design.of(map(parse_edit, chosen)) for chosen in combinations(loci, 8)]
    calls = []
    Parents.of(designs[:150], lambda _: 1.0, lambda: calls.append("before"))
    few = len(calls)
    found = Parents.of(designs[:450], lambda _: 1.0, lambda: calls.append("after"))
    assert len(calls) - 2 * few == 3  # one more every hundred designs
    assert len(found.link_candidate_N) == 450 * 254
    assert (np.diff(found.link_candidate_N) >= 0).all()
    for candidate, design in zip(found.link_candidate_N, found.link_design_N, strict=True):
        if candidate % 500 == 0:
            parent = parse_genotype(found.genotypes[candidate])
            assert set(parent.edits) < set(designs[design].edits)
            assert found.cost_C[candidate] == parent.order


prices = st.lists(st.integers(1, 5), min_size=6, max_size=6)
budgets = st.sampled_from([None, 0.0, 4.0, 7.0])


@given(some, st.integers(1, 4), prices, budgets, st.sets(st.sampled_from(LOCI), max_size=2))
@settings(max_examples=40)
def test_a_program_of_loci_is_the_best_of_all_panels(values, size, price, budget, owned):
    found = proposals(values)
    cost = dict(zip(LOCI, price, strict=True))
    fields = {
        "size": size,
        "budget": budget,
        "costs": [{"locus": locus, "cost": cost[locus]} for locus in LOCI],
        "owned": sorted(owned),
    }
    greedy = choose_panel(PanelSpec(**fields), found)
    panel = choose_panel(PanelSpec(strategy="integer_programming", **fields), found)
    most = np.inf if budget is None else budget
    best = max(
        worth(found, owned | set(chosen))
        for count in range(size + 1)
        for chosen in combinations(sorted(set(LOCI) - owned), count)
        if sum(cost[locus] for locus in chosen) <= most
    )
    assert panel.worth_share == pytest.approx(best)
    assert panel.worth_share == pytest.approx(worth(found, [m.name for m in panel.members]))
    new = [member for member in panel.members if not member.is_owned]
    assert len(new) <= size
    assert panel.cost == sum(cost[member.name] for member in new) <= most
    assert panel.proof.is_proven
    assert panel.proof.greedy == pytest.approx(greedy.worth_share)
    assert panel.proof.greedy <= panel.worth_share + 1e-12
    assert panel.proof.bound == pytest.approx(best)


@given(some, st.integers(1, 2))
@settings(max_examples=25)
def test_a_program_of_parents_saves_most_of_all_panels(values, size):
    found = proposals(values)
    fields = {"kind": "parents", "size": size}
    greedy = choose_panel(PanelSpec(**fields), found)
    panel = choose_panel(PanelSpec(strategy="integer_programming", **fields), found)
    candidates = {
        "+".join(f"{locus}:deletion" for locus in chosen)
        for loci in values
        for count in range(1, len(loci))
        for chosen in combinations(loci, count)
    }
    best = max(
        total_cost(found, []) - total_cost(found, chosen)
        for count in range(min(size, len(candidates)) + 1)
        for chosen in combinations(sorted(candidates), count)
    )
    assert panel.cost_saved == pytest.approx(best)
    assert (panel.proof.is_proven, panel.proof.gap) == (True, 0.0)
    assert panel.proof.greedy == pytest.approx(greedy.cost_saved)
    assert greedy.cost_saved <= panel.cost_saved


def test_a_program_finds_what_no_single_swap_does():
    found = proposals({"ab": 3.0, "cd": 2.0, "de": 2.0, "ce": 2.0, "f": 0.0})
    greedy = choose_panel(PanelSpec(size=3), found)
    best = choose_panel(PanelSpec(size=3, strategy="integer_programming"), found)
    assert {member.name for member in best.members} == {"c", "d", "e"}
    assert greedy.worth_share <= best.worth_share == pytest.approx(6 / 9)


def test_a_program_that_ends_early_says_how_far_another_panel_may_be():
    rng = np.random.default_rng(0)
    needs = np.array([rng.permutation(60) < 4 for _ in range(400)])
    worth_D, cost_L = rng.random(400), np.ones(60)
    limits = Limits(owned=(), size=12, budget=None, seconds=0.2)
    programmed = program_loci(needs, worth_D, cost_L, limits, 0.0)
    whole = program_loci(needs[:30], worth_D[:30], cost_L, replace(limits, seconds=60.0), 0.0)
    inside = np.isin(np.arange(60), whole.chosen)
    reached = worth_D[:30][~needs[:30][:, ~inside].any(axis=1)].sum()
    assert whole.bound == pytest.approx(reached)
    assert programmed.bound >= reached


def test_a_program_that_is_too_large_is_not_begun(monkeypatch):
    monkeypatch.setattr("worker.search.panel_program.MAX_LINKS", 2)
    found = proposals({"abc": 3.0, "bd": 1.0, "e": 0.0})
    panel = choose_panel(PanelSpec(size=3, strategy="integer_programming"), found)
    assert {member.name for member in panel.members} == {"a", "b", "c"}
    assert (panel.proof.is_proven, panel.proof.bound) == (False, None)
