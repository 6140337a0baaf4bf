"""Training of all members, one after the other, with events, pauses and checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.latent_models import GeneGraphSpec, LatentModelSpec
from service.contract.models import AdditiveSpec
from service.contract.training import TrainingSpec
from worker.models.additive import fit_ridge
from worker.models.gene_graph_walks import GeneWalks
from worker.training.checkpoint import pack, unpack
from worker.training.errors import TrainingStoppedError
from worker.training.fit_task import FitTask
from worker.training.member_parts import member_parts
from worker.training.members import MemberFit
from worker.training.preparation import TrainingData
from worker.training.progress import Pause, Reporter, Saver


@dataclass(frozen=True)
class Hooks:
    """How a training talks to its job."""

    reporter: Reporter
    pause: Pause
    saver: Saver


def fit_task(
    data: TrainingData, spec: TrainingSpec, model: LatentModelSpec, device: torch.device
) -> FitTask:
    """The training part on its device."""
    parts = member_parts(data.train, spec)
    weights = torch.tensor([label.weight for label in data.labels], dtype=torch.float32)
    return FitTask(
        spec=spec,
        model=model,
        designs=data.index.encode(data.train.designs).to(device, torch.float32),
        effect_KE=data.index.matrix(data.train.designs),
        design_N=torch.from_numpy(data.train.design_N).to(device),
        label_NY=torch.from_numpy(data.standardized(data.train)).to(device),
        details=data.details.to(device),
        batch_NC=torch.from_numpy(data.train.batch_NC).to(device),
        batch_counts=data.batch_counts,
        trained_MN=torch.from_numpy(parts.trained_MN).to(device),
        held_out_MN=torch.from_numpy(parts.held_out_MN).to(device),
        column_weights=weights.to(device),
        measure_orders=tuple(label.measure_order for label in data.labels),
        edit_count=len(data.index),
        feature_EF=_features(data),
        walks=_walks(data, model, device),
        device=device,
    )


def _features(data: TrainingData) -> Tensor | None:
    """What is read of the edits that are trained on; None where there is nothing."""
    known = data.gene_vocabulary
    if known is None or not known.input_EF.any():
        return None
    return torch.from_numpy(known.input_EF[: len(data.index)])


def _walks(data: TrainingData, model: LatentModelSpec, device: torch.device) -> GeneWalks | None:
    """Messages between genes, for a model that passes them.

    Raises:
        InvalidArgumentError: there is no gene network.
    """
    if not isinstance(model, GeneGraphSpec):
        return None
    known = data.gene_vocabulary
    if known is None or known.walks is None or not known.walks.weight_QC.shape[1]:
        message = "gene_graph passes messages over gene networks: name one in genes.networks"
        raise InvalidArgumentError(message, [Offender(field="genes", message=message)])
    if not len(known.walks.key_Q) > 1:
        message = "the gene network joins no genes: lower min_score, or name other channels"
        raise InvalidArgumentError(message, [Offender(field="genes.networks", message=message)])
    return known.walks.to(device)


def _fit_member(fit: MemberFit, done: list[dict[str, Tensor]], hooks: Hooks, key: str) -> None:
    """Train one member to its end.

    Raises:
        TrainingStoppedError: a stop was asked for; the checkpoint is saved.
    """
    member = fit.progress.member
    while not fit.is_done:
        if not fit.run_epoch(hooks.pause):
            hooks.saver.now(lambda: pack(done, fit, key))
            raise TrainingStoppedError(f"stopped in epoch {fit.progress.epoch + 1}")
        terms, metrics = fit.finish_epoch()
        epoch = fit.progress.epoch
        hooks.reporter.epoch(member, epoch, terms, metrics, is_last=fit.is_done)
        hooks.reporter.progress(member, epoch)
        hooks.saver.when_due(lambda: pack(done, fit, key))


def fit_networks(
    task: FitTask,
    hooks: Hooks,
    checkpoint: bytes | None,
    key: str,
    *,
    judge: Callable[[list[dict[str, Tensor]]], None] = lambda _: None,
) -> list[dict[str, Tensor]]:
    """Best weights of every member, on the CPU.

    A member whose fold is empty (fewer groups than members) is trained without early stopping.
    `judge` sees the finished members after each of them, and may end the training by an error.
    """
    done: list[dict[str, Tensor]] = []
    fit: MemberFit | None = None
    if checkpoint is not None:
        done, fit = unpack(checkpoint, task, key)
    hooks.reporter.progress(len(done), 0 if fit is None else fit.progress.epoch)
    while len(done) < task.spec.ensemble_size:
        current = MemberFit(task, len(done)) if fit is None else fit
        fit = None
        _fit_member(current, done, hooks, key)
        done.append({name: value.cpu() for name, value in current.best.items()})
        judge(done)
    return done


def fit_ridges(
    data: TrainingData, spec: TrainingSpec, model: AdditiveSpec, hooks: Hooks
) -> dict[str, Tensor]:
    """Ridge regressions that each leave out one inner fold; a single member has all the data."""
    effect_NE = data.index.matrix(data.train.designs)[data.train.design_N]
    label_NY = data.standardized(data.train)
    parts = member_parts(data.train, spec)
    intercepts, weights = [], []
    for member in range(spec.ensemble_size):
        if hooks.pause():
            raise TrainingStoppedError(f"stopped at member {member + 1}")
        kept_YN = [parts.fitted(member, label_N) for label_N in label_NY.T]
        fits = [
            fit_ridge(effect_NE[kept_N], label_N[kept_N], penalty=model.penalty)
            for kept_N, label_N in zip(kept_YN, label_NY.T, strict=True)
        ]
        intercepts.append([fit.intercept for fit in fits])
        weights.append([fit.weight_E for fit in fits])
        hooks.reporter.progress(member + 1, 0)
    return {
        "additive.intercept_MY": torch.tensor(intercepts, dtype=torch.float64),
        "additive.weight_MYE": torch.from_numpy(np.array(weights, dtype=np.float64)),
    }
