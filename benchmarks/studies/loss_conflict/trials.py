"""One trial: a source, a seed and an arm, trained as the service trains a member."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch
from torch import Tensor

from benchmarks.studies.loss_conflict.arms import Arm
from benchmarks.studies.loss_conflict.probe import Probe, look, probe_of
from benchmarks.studies.loss_conflict.sources import Source, source_named
from service.contract.latent_models import PerturbationSetSpec
from service.contract.training import TrainingLabel, TrainingSpec
from worker.data.table import read_table
from worker.training.ensemble import fit_task
from worker.training.fit_task import new_network
from worker.training.latent_monitor import LatentMonitor
from worker.training.members import MemberFit
from worker.training.metrics import spearman
from worker.training.preparation import TrainingData, prepare

_MEMBER = 0
_NETWORK = PerturbationSetSpec(saturates=False)  # the head that was studied
_LOOKS = (0, 1, 2, 3, 5, 8, 12, 17, 23, 30)


@dataclass(frozen=True)
class Trial:
    """What is trained."""

    source: str
    seed: int
    arm: Arm
    epochs: int

    @property
    def key(self) -> str:
        """The same for two trials that give the same numbers."""
        return repr(sorted(asdict(self).items()))


@dataclass(frozen=True)
class Outcome:
    """`looks` by epoch; `final` is of the last weights and of those that early stopping kept."""

    looks: dict[int, dict[str, float]]
    final: dict[str, float]


@lru_cache(maxsize=2)
def _source(name: str, seed: int, folder: str) -> Source:
    return source_named(name, Path(mkdtemp(dir=folder)), seed)


def spec_of(trial: Trial, source: Source) -> TrainingSpec:
    """The job that this trial is: one member, all epochs, everything else at its default."""
    return TrainingSpec(
        dataset_id="study",
        labels=(TrainingLabel(name=source.label),),
        split=source.split,
        model=_NETWORK,
        loss=trial.arm.loss(),
        epochs=trial.epochs,
        patience_epochs=trial.epochs,
        ensemble_size=1,
        seed=trial.seed,
        device="cpu",
    )


def looked_at(epochs: int) -> set[int]:
    """Epochs after which a look is taken, denser at the beginning; 0 is the start."""
    return {epoch for epoch in _LOOKS if epoch < epochs} | {epochs}


def _ranked(first_KY: Tensor, second_K: np.ndarray, kept_K: np.ndarray) -> float:
    value = spearman(first_KY[:, 0].numpy()[kept_K], second_K[kept_K])
    return float("nan") if value is None else value


def ranks(fit: MemberFit, weights: Mapping[str, Tensor], data: TrainingData) -> dict[str, float]:
    """Spearman on held-out designs, read in float64; designs of a higher order stand apart.

    `agreement` is that of the two readings.
    """
    net = new_network(fit.task, _MEMBER).double()
    net.load_state_dict(weights)
    with torch.no_grad():
        read = net(data.index.encode(data.test.designs))
    truth_K = data.test.design_means()[:, 0]
    order_K = np.array([design.order for design in data.test.designs])
    trained = max(design.order for design in data.train.designs)
    found: dict[str, float] = {}
    for name, kept_K in (("", order_K <= trained), (" up", order_K > trained)):
        if kept_K.any():
            found[f"intact{name}"] = _ranked(read.intact_BY, truth_K, kept_K)
            found[f"compose{name}"] = _ranked(read.compose_BY, truth_K, kept_K)
            compose_K = read.compose_BY[:, 0].numpy()
            found[f"agreement{name}"] = _ranked(read.intact_BY, compose_K, kept_K)
    return found


def new_fit(trial: Trial, source: Source) -> tuple[MemberFit, TrainingData]:
    """The member before its first step."""
    spec = spec_of(trial, source)
    columns = source.ingested.spec
    data = prepare(spec, read_table(source.table), columns.labels, columns.covariates)
    return MemberFit(fit_task(data, spec, _NETWORK, torch.device("cpu")), _MEMBER), data


def train(fit: MemberFit, probe: Probe, epochs: int) -> dict[int, dict[str, float]]:
    """Train to the end as a job does, with looks between epochs."""
    looks = {0: look(fit, probe)}
    while not fit.is_done:
        fit.run_epoch(lambda: False)
        fit.finish_epoch()
        if fit.progress.epoch in looked_at(epochs) or fit.is_done:
            looks[fit.progress.epoch] = look(fit, probe)
    return looks


def run_trial(trial: Trial, folder: str) -> Outcome:
    """Train and measure; tables are written below `folder`. Deterministic, but for the time."""
    torch.set_num_threads(1)
    begin = time.process_time()
    fit, data = new_fit(trial, _source(trial.source, trial.seed, folder))
    probe = probe_of(fit.task, _MEMBER, trial.arm)
    monitor = LatentMonitor(fit.net, fit.task.designs)
    final = {f"start {k}": v for k, v in ranks(fit, fit.best, data).items()}
    looks = train(fit, probe, trial.epochs)
    for name, weights in (("kept", fit.best), ("last", fit.net.state_dict())):
        final |= {f"{name} {k}": v for k, v in ranks(fit, weights, data).items()}
    state = monitor.look(fit.net)
    final |= {
        "best epoch": fit.progress.best_epoch + 1,
        "collapsed": float(state.is_collapsed),
        "effective rank": state.effective_rank,
        "tested": len(data.test.designs),
        "trained": len(data.train.designs),
        "core seconds": time.process_time() - begin,
    }
    return Outcome(looks, final)
