"""Do the loss terms pull the weights of a trained member into different directions?"""

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from service.contract.latent_models import LatentModelSpec
from service.contract.report_diagnostics import TermConflict
from service.contract.training import TrainingSpec
from worker.losses.composite import term_values
from worker.losses.conflict import conflict_of, term_gradients
from worker.training.ensemble import fit_task
from worker.training.fit_task import FitTask
from worker.training.members import MemberFit
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

_MOST_ROWS = 512


def term_conflict(
    data: TrainingData,
    spec: TrainingSpec,
    model: LatentModelSpec,
    tensors: Mapping[str, Tensor],
) -> TermConflict | None:
    """Conflict matrix of a member at its best weights; None with fewer than two terms.

    Of the first member that left its additive start, where some terms have no gradient; of the
    first one where none has.

    On the CPU, without dropout, over one batch of random observations (512 at most). What terms
    take from all labels (pseudo-labels, bins) is made from these.
    """
    task = _sample(fit_task(data, spec, model, torch.device("cpu")), spec.seed)
    member = _moved(tensors, spec.ensemble_size)
    prefix = _prefix(member)
    # What is stored has shifts in the place of features, those of edits without data last.
    fit = MemberFit(replace(task, feature_EF=None), 0)
    own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    known = len(data.index) + 1
    fit.net.load_state_dict({k: v[:known] if k.endswith("_ED") else v for k, v in own.items()})
    inputs = fit.inputs(torch.arange(len(task.design_N)))
    weighted = {term.name for term in spec.loss.terms if term.weight > 0}
    values: dict[str, Tensor] = {
        name: value
        for name, value in term_values(spec.loss, inputs, fit.loss.context).items()
        if name in weighted and value.requires_grad
    }
    if len(values) < 2:
        return None
    norm_T, cosine_TT = conflict_of(term_gradients(values, list(fit.net.parameters())))
    return TermConflict(
        member=member,
        terms=list(values),
        norm=norm_T.tolist(),
        cosine=[[_number(value) for value in row] for row in cosine_TT.tolist()],
        row_count=len(task.design_N),
    )


def _prefix(member: int) -> str:
    """What the names of a network's weights begin with."""
    return f"member.{member}."


def _moved(tensors: Mapping[str, Tensor], members: int) -> int:
    weights = [tensors.get(f"{_prefix(m)}interaction.weight") for m in range(members)]
    return next((m for m, w in enumerate(weights) if w is not None and bool(w.any())), 0)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _sample(task: FitTask, seed: int) -> FitTask:
    """A task of some observations, none of which is held out."""
    labelled = torch.nonzero(~torch.isnan(task.label_NY).all(dim=1)).flatten()
    source = torch.Generator().manual_seed(derived_seed(seed, "conflict"))
    count = min(task.spec.batch_size, _MOST_ROWS)
    order = torch.randperm(len(labelled), generator=source)[:count]
    rows = labelled[order].sort().values
    return replace(
        task,
        design_N=task.design_N[rows],
        label_NY=task.label_NY[rows],
        details=task.details.rows(rows),
        batch_NC=task.batch_NC[rows],
        trained_MN=torch.ones((1, len(rows)), dtype=torch.bool),
        held_out_MN=torch.zeros((1, len(rows)), dtype=torch.bool),
    )
