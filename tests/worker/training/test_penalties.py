"""Training with penalties: they thin the model out, and what is kept is what was validated."""

import itertools

import numpy as np
import pytest
import torch

from tests.worker.tables import (
    CYCLE,
    TITER,
    in_groups,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.fit_task import new_network
from worker.training.members import MemberFit
from worker.training.preparation import prepare


@pytest.fixture
def all_kept(tmp_path):
    """Two groups: the third member has nothing held out, and keeps what it ends at."""
    designs = random_designs(50)
    values = np.exp(log_titer(designs))
    groups = in_groups(designs, 2)
    return write_table(tmp_path / "groups.parquet", designs, label__titer=values, group=groups)


def spec_of(terms, **changes):
    model = {"kind": "perturbation_set", "latent_dim": 6, "hidden_dim": 4}
    values = {
        "model": model | changes.pop("model", {}),
        "loss": {"terms": [{"name": "mse"}, *terms], **changes.pop("loss", {})},
        "split": {"kind": "none"},
        "epochs": 60,
        "patience_epochs": 1,
        "ensemble_size": 3,
        "optimizer": {"learning_rate": 0.01},
    }
    return small_spec(**(values | changes))


def fit_of(path, spec, member=2):
    """A member before its first step, and the spec it is fitted to."""
    data = prepare(spec, read_table(path), [TITER], [CYCLE])
    return MemberFit(fit_task(data, spec, spec.model, torch.device("cpu")), member)


def trained(path, terms, **changes):
    """The third member at its end: its weights, and the terms of its epochs."""
    fit = fit_of(path, spec_of(terms, **changes))
    told = []
    while not fit.is_done:
        fit.run_epoch(lambda: False)
        told.append(fit.finish_epoch()[0])
    return fit.best, told


def size(weights, name):
    shift_ED = weights["shift_ED"][1:]
    if name == "l1":
        return shift_ED.abs().mean().item()
    if name == "group_lasso":
        return shift_ED.norm(dim=1).mean().item()
    paths = shift_ED.abs() @ weights["head.linear.weight"].T.abs()
    hidden = weights["head.hidden.0.weight"].T.abs() @ weights["head.output.weight"].T.abs()
    return (paths + shift_ED.abs() @ hidden).mean().item()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["l1", "group_lasso", "c_node"])
def test_a_penalty_shrinks_what_it_reads(all_kept, name):
    free, epochs = trained(all_kept, [{"name": name, "weight": 0.0}])
    thin, told = trained(all_kept, [{"name": name, "weight": 0.3}])
    assert size(thin, name) < 0.8 * size(free, name)
    assert epochs[0][name] == 0
    assert told[-1][name] < told[0][name]


GATES = {"name": "hard_concrete", "weight": 0.3}


def closed(weights):
    """Latent dimensions that the head does not read."""
    read = [weights[name] for name in ("head.linear.weight", "head.hidden.0.weight")]
    return (torch.cat(read) == 0).all(dim=0)


def test_gates_close_dimensions_for_good_and_the_labels_are_still_learned(all_kept):
    weights, told = trained(all_kept, [GATES], epochs=150)
    assert 0 < closed(weights).sum() < 6
    assert told[-1]["hard_concrete"] < told[0]["hard_concrete"]
    assert told[-1]["mse"] < 0.1
    free, _ = trained(all_kept, [{**GATES, "weight": 0.0}], epochs=2)
    assert not closed(free).any()


@pytest.mark.parametrize("head", ["linear", "mlp", "quadratic"])
def test_what_is_kept_is_what_was_validated(table, head):
    fit = fit_of(table, spec_of([GATES], model={"head": head}), member=0)
    for _ in range(20):
        fit.run_epoch(lambda: False)
        fit.finish_epoch()
    gates = fit.loss.gates.gates().detach()
    assert ((gates > 0) & (gates < 1)).any()
    kept = new_network(fit.task, 0)
    kept.load_state_dict(fit.net.weights_with(gates))
    rows = torch.arange(len(fit.task.design_N))
    compose_NY, intact_NY = fit.read(rows)
    readings = kept(fit.task.designs.rows(fit.task.design_N))
    torch.testing.assert_close(readings.compose_BY, compose_NY, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(readings.intact_BY, intact_NY, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("weighting", "split"), list(itertools.product(["uncertainty", "pcgrad"], [None, 0.5]))
)
def test_every_weighting_trains_with_every_penalty(all_kept, weighting, split):
    terms = [{"name": name} for name in ("l1", "group_lasso", "c_node", "hard_concrete")]
    loss = {"weighting": weighting, "latent_split": split}
    first = trained(all_kept, terms, loss=loss, epochs=3)
    assert set(first[1][-1]) == {"total", "mse", *(term["name"] for term in terms)}
    again, _ = trained(all_kept, terms, loss=loss, epochs=3)
    assert all(torch.equal(first[0][name], again[name]) for name in again)


def test_paths_through_a_quadratic_head_are_refused_with_what_to_name_instead():
    for terms in ([{"name": "l1"}], [{"name": "c_node", "weight": 0}]):
        spec_of(terms, model={"head": "quadratic"})
    with pytest.raises(ValueError, match="name the head linear or mlp, or l1 or group_lasso"):
        spec_of([{"name": "c_node"}], model={"head": "quadratic"})


def test_path_reg_is_refused_with_what_to_name_instead():
    with pytest.raises(ValueError, match=r"path_reg counts open paths .* name hard_concrete"):
        spec_of([{"name": "path_reg"}])
