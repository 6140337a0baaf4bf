"""Whoever has compiled the tree of branch and bound once searches every head with it."""

import pytest

from tests.worker.warm_process import compiled_by

WARM = """
from worker.search.warming import compile_branches
compile_branches()
"""
# Each with two labels, a limit and members that differ.
SEARCH = """
import numpy as np
from tests.worker.search.networks import random_case
from tests.worker.search.test_branch_tree import started
from worker.search.branch_arrays import branch_arrays
from worker.search.branch_lines import GELU_LINES
from worker.search.branch_tree import advance, bound_left
from worker.search.objective import Goal, Limit, Ranking
from worker.search.table_builder import network_tables

HEADS = [
    {"head": "linear", "saturates": True},
    {"head": "quadratic", "is_log": True},
    {"head": "mlp", "measure_orders": (2, 0), "members": 3},
    {"head": "mlp", "hidden_layers": 2, "activation": "gelu", "fixed_count": 1},
]
for options in HEADS:
    case = random_case(1, **{"measure_orders": (0, 0), **options})
    tables = network_tables(case.members, case.labels, case.edits, case.fixed, 3, most=3)
    ranking = Ranking((Goal(0, 1.0, 1.0), Goal(1, -1.0, 0.5)), (Limit(1, -9.0, 9.0, 0.3),), 1.0)
    arrays = branch_arrays(tables, ranking, ~np.eye(7, dtype=bool))
    tree, work = started(arrays, 3, -9.0)
    advance(arrays, tree, -9.0, 100, np.zeros((100, 3), dtype=np.int64), GELU_LINES, work)
    bound_left(tree)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_search_of_a_warm_process_compiles_nothing():
    assert compiled_by(SEARCH, warm=WARM) == []
