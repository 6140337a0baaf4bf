"""One fit: what is trained, by the kind of its model."""

import torch
from torch import Tensor

from service.contract.candidates import AutoSpec
from service.contract.latent_models import LatentModelSpec
from service.contract.models import AdditiveSpec
from service.contract.training import TrainingSpec
from worker.training.classical_ensemble import fit_classical
from worker.training.devices import threads_for
from worker.training.ensemble import Hooks, fit_networks, fit_ridges, fit_task
from worker.training.fit_task import FitTask, new_network
from worker.training.latent_monitor import LatentState, inspect_latent, require_latent
from worker.training.preparation import TrainingData


def fit_tensors(
    data: TrainingData,
    spec: TrainingSpec,
    device: torch.device,
    hooks: Hooks,
    *,
    checkpoint: bytes | None,
    key: str,
) -> tuple[dict[str, Tensor], list[LatentState]]:
    """Weights of every member by name, and how the latent of each member stands.

    Raises:
        InvalidArgumentError: the model cannot learn a label.
        FailedPreconditionError: a foreign checkpoint, or a loss that is no number.
        LatentCollapseError: the latent of most members collapsed.
        TrainingStoppedError: a stop was asked for; the checkpoint is saved.
    """
    if isinstance(spec.model, AutoSpec):
        raise TypeError("auto names no model: select one first")
    if isinstance(spec.model, AdditiveSpec):
        return fit_ridges(data, spec, spec.model, hooks), []
    if not isinstance(spec.model, LatentModelSpec):
        return fit_classical(data, spec, spec.model, hooks), []
    task = fit_task(data, spec, spec.model, device)
    step = spec.batch_size * spec.model.latent_dim * max(spec.model.hidden_dim, spec.batch_size)
    with threads_for(step):
        judge = _LatentJudge(task, data)
        members = fit_networks(task, hooks, checkpoint, key, judge=judge)
        judge(members)  # a checkpoint may hold all of them
        baked = [_with_all_shifts(task, data, member) for member in members]
    named = {} if task.walks is None else task.walks.to(torch.device("cpu")).tensors()
    named |= {f"member.{m}.{k}": v for m, member in enumerate(baked) for k, v in member.items()}
    return named, judge.states


@torch.no_grad()
def _with_all_shifts(
    task: FitTask, data: TrainingData, member: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Weights with the shift of every edit of the vocabulary, for scoring without a gene table."""
    known = data.gene_vocabulary
    if task.feature_EF is None or known is None:
        return member
    net = new_network(task, 0)
    net.load_state_dict(member)
    return net.cpu().with_all_shifts(torch.from_numpy(known.input_EF[len(data.index) :]))


class _LatentJudge:
    """Looks at the best weights of each finished member; ends the job when most collapsed."""

    def __init__(self, task: FitTask, data: TrainingData) -> None:
        edited = [design for design in data.train.designs if design.order > 0]
        self._is_blind = len(edited) < 2
        self._batch = data.index.encode(edited).to(task.device, torch.float32)
        self._task = task
        self.states: list[LatentState] = []

    def __call__(self, members: list[dict[str, Tensor]]) -> None:
        for member in range(len(self.states), 0 if self._is_blind else len(members)):
            start, net = new_network(self._task, member), new_network(self._task, member)
            net.load_state_dict(members[member])
            self.states.append(inspect_latent(net, start, self._batch))
        require_latent(self.states, self._task.spec.ensemble_size)
