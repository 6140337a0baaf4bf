"""The tree of a branch and bound against every design, read by the networks themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.search.networks import all_designs, random_case
from worker.search.branch_arrays import branch_arrays, cliques
from worker.search.branch_lines import GELU_LINES, exponential_line, gelu, gelu_line, relu_line
from worker.search.branch_state import DEPTH, new_tree, new_work
from worker.search.branch_tree import DONE, FULL, advance, bound_left, bound_node
from worker.search.objective import Goal, Limit, Ranking
from worker.search.table_builder import network_tables

# Compiling the tree takes longer than all of it; test_branch.py runs what is compiled anyway.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

HEADS = {
    "linear": {"head": "linear"},
    "quadratic": {"head": "quadratic"},
    "relu": {"head": "mlp"},
    "gelu": {"head": "mlp", "activation": "gelu"},
    "two relu": {"head": "mlp", "hidden_layers": 2},
    "two gelu": {"head": "mlp", "hidden_layers": 2, "activation": "gelu"},
}
ANY = st.floats(-9, 9)
SEEDS = st.integers(0, 10**6)


@st.composite
def cases(draw, head):
    """A model, tables of an order, a ranking and which edits stand together."""
    labels = draw(st.integers(1, 2))
    seed = draw(SEEDS)
    case = random_case(
        seed,
        **HEADS[head],
        saturates=draw(st.booleans()) and head != "quadratic",
        members=draw(st.sampled_from([1, 3])),
        measure_orders=draw(st.sampled_from([(0, 0), (2, 0), (0, 3)]))[:labels],
        is_log=draw(st.booleans()),
        edit_count=9,
        fixed_count=draw(st.integers(0, 1)),
    )
    order = draw(st.integers(1, 5))
    tables = network_tables(case.members, case.labels, case.edits, case.fixed, order, most=order)
    rng = np.random.default_rng(seed)
    allowed = np.triu(rng.random((9, 9)) < draw(st.sampled_from([0.7, 1.0])), 1)
    allowed_EE = allowed | allowed.T
    sets = all_designs(9, order)
    stand = [all(allowed_EE[a, b] for a in row for b in row if a != b) for row in sets]
    sets = sets[np.array(stand, dtype=bool)]
    read_YMB = case.readings(sets)
    goals = tuple(
        Goal(y, draw(st.sampled_from([-1.0, 1.0])), draw(st.sampled_from([0.5, 2.0])))
        for y in range(labels)
    )
    limits = ()
    if draw(st.booleans()) and len(sets):
        middle = np.quantile(read_YMB[0].mean(axis=0), [0.2, 0.9])
        limits = (Limit(0, float(middle[0]), float(middle[1]), 0.3),)
    ranking = Ranking(goals, limits, draw(st.sampled_from([0.0, 1.0])))
    value_B = ranking.judge(dict(enumerate(read_YMB))).value_B if len(sets) else np.zeros(0)
    return branch_arrays(tables, ranking, allowed_EE), order, sets, value_B


def started(arrays, order, least):
    """A tree with its root bounded."""
    tree, work = new_tree(arrays, order), new_work(arrays, order)
    bound_node(arrays, tree, 0, least, GELU_LINES, work)
    tree.state[DEPTH] = 0
    return tree, work


def some_least(value_B, share):
    good = value_B[np.isfinite(value_B)]
    return float(np.quantile(good, share)) if len(good) else 0.0


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=25)
@given(data=st.data(), share=st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_every_design_that_is_good_enough_comes_out_once(head, data, share):
    arrays, order, sets, value_B = data.draw(cases(head))
    least = some_least(value_B, share)
    tree, work = started(arrays, order, least)
    found, room = [], np.zeros((20, order), dtype=np.int64)
    end = FULL
    while end != DONE:
        end, count = advance(arrays, tree, least, 10, room, GELU_LINES, work)
        found += [tuple(sorted(row)) for row in room[:count].tolist()]
    assert len(set(found)) == len(found)
    assert set(found) <= {tuple(row) for row in sets.tolist()}
    good = {tuple(row) for row in sets[value_B >= least].tolist()}
    assert good <= set(found)
    assert bound_left(tree) == -np.inf


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=10)
@given(data=st.data(), nodes=st.integers(1, 4))
def test_nothing_that_was_not_looked_at_is_above_the_bound(head, data, nodes):
    arrays, order, sets, value_B = data.draw(cases(head))
    least = some_least(value_B, 0.3)
    tree, work = started(arrays, order, least)
    room = np.zeros((1000, order), dtype=np.int64)
    _, count = advance(arrays, tree, least, nodes, room, GELU_LINES, work)
    seen = {tuple(sorted(row)) for row in room[:count].tolist()}
    left = [
        value
        for row, value in zip(sets.tolist(), value_B.tolist(), strict=True)
        if tuple(row) not in seen and value >= least
    ]
    assert max(left, default=-np.inf) <= bound_left(tree)


@given(low=ANY, high=ANY, share=st.floats(0, 1))
def test_lines_lie_above_and_below(low, high, share):
    low, high = min(low, high), max(low, high)
    x = low + share * (high - low)
    for line, value in (
        (relu_line(low, high), max(x, 0.0)),
        (gelu_line(low, high, GELU_LINES), gelu(x)),
        (exponential_line(low, high), np.exp(x)),
    ):
        slope, above, below = line
        room = 1e-9 * max(1.0, abs(value))
        assert slope * x + below - room <= value <= slope * x + above + room


@given(seed=SEEDS)
def test_no_two_of_a_clique_stand_together(seed):
    allowed = np.triu(np.random.default_rng(seed).random((12, 12)) < 0.5, 1)
    allowed_EE = allowed | allowed.T
    clique_E = cliques(allowed_EE)
    same_EE = clique_E[:, None] == clique_E[None, :]
    assert not (same_EE & allowed_EE).any()
    assert set(clique_E.tolist()) == set(range(clique_E.max() + 1))
