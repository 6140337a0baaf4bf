"""bf16 and compile: options of a training that change how fast it is, and little else."""

import pytest
import torch

from service.contract.errors import FailedPreconditionError
from tests.worker.tables import CYCLE, FITNESS, TITER, small_spec
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.members import MemberFit
from worker.training.preparation import prepare


def losses_of(table, **changes):
    """Terms of each epoch, and the member at its end."""
    spec = small_spec(split={"kind": "none"}, epochs=4, ensemble_size=1, **changes)
    data = prepare(spec, read_table(table), [TITER, FITNESS], [CYCLE])
    member = MemberFit(fit_task(data, spec, spec.model, torch.device("cpu")), 0)
    told = []
    while not member.is_done:
        member.run_epoch(lambda: False)
        told.append(member.finish_epoch()[0])
    return told, member


def test_losses_in_bf16_stay_near_those_of_float32(table):
    model = {"kind": "perturbation_set", "latent_dim": 8, "hidden_dim": 8, "head": "mlp"}
    whole, _ = losses_of(table, model=model)
    half, member = losses_of(table, model=model, precision="bf16")
    assert half != whole  # it does something
    for ours, theirs in zip(half, whole, strict=True):
        assert ours == pytest.approx(theirs, rel=0.03, abs=0.01)
    assert {value.dtype for value in member.net.parameters()} == {torch.float32}
    assert {value.dtype for value in member.best.values()} == {torch.float32}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.compile's own
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")  # and this
@pytest.mark.parametrize("kind", ["perturbation_set"])
def test_compiled_layers_learn_the_same(table, kind):
    model = {"kind": kind, "latent_dim": 8, "hidden_dim": 8, "head": "mlp", "dropout": 0.2}
    plain, _ = losses_of(table, model=model)
    compiled, member = losses_of(table, model=model, compile=True)
    for ours, theirs in zip(compiled, plain, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-4)
    assert not [name for name in member.best if "_orig_mod" in name]


def test_without_a_compiler_compile_is_refused(table, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(FailedPreconditionError, match="no C\\+\\+ compiler"):
        losses_of(table, compile=True)
