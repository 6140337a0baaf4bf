"""What a first branch and bound would have to wait for: a minute of compiling."""

import numpy as np
import torch

from service.contract.latent_models import PerturbationSetSpec
from worker.models.encoding import DesignBatch
from worker.models.networks import new_latent_network
from worker.search.branch_arrays import branch_arrays
from worker.search.branch_lines import GELU_LINES
from worker.search.branch_state import DEPTH, new_tree, new_work
from worker.search.branch_tree import advance, bound_left, bound_node
from worker.search.objective import Goal, Ranking
from worker.search.table_builder import network_tables
from worker.search.tables import ScreenLabel


def compile_branches() -> None:
    """Go through the pairs of a network of no meaning."""
    net = new_latent_network(
        PerturbationSetSpec(latent_dim=4, hidden_dim=4),
        edit_count=3,
        measure_orders=(0,),
        generator=torch.Generator().manual_seed(0),
    )
    edits = DesignBatch(torch.tensor([[1], [2], [3]]), torch.ones(3, 1).double())
    fixed = DesignBatch(torch.zeros(0, 1).long(), torch.ones(0, 1).double())
    label = ScreenLabel("y", spread=1.0, center=0.0, is_log=False)
    tables = network_tables([net.double().eval()], [label], edits, fixed, 2, most=2)
    ranking = Ranking((Goal(0, 1.0, 1.0),), (), caution=0.0)
    arrays = branch_arrays(tables, ranking, ~np.eye(3, dtype=np.bool_))
    tree, work = new_tree(arrays, 2), new_work(arrays, 2)
    bound_node(arrays, tree, 0, -np.inf, GELU_LINES, work)
    tree.state[DEPTH] = 0
    advance(arrays, tree, -np.inf, 100, np.zeros((100, 2), dtype=np.int64), GELU_LINES, work)
    bound_left(tree)
