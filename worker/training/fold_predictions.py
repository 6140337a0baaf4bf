"""What a spec predicts for a fold: fitted as a training, read as a stored model is read."""

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.training import TrainingSpec
from worker.inference.ensembles import load_ensemble
from worker.inference.parts import parts_of, request_order
from worker.training.checkpoint import fingerprint
from worker.training.ensemble import Hooks
from worker.training.fitting import fit_tensors
from worker.training.manifest import TableIdentity, manifest_of
from worker.training.observations import Part
from worker.training.preparation import TrainingData
from worker.training.selection_scores import FoldAnswers
from worker.training.upper_bounds import fit_bounds

Floats = NDArray[np.float64]

_NO_TABLE = TableIdentity("", "", "")


def asked_of(data: TrainingData) -> FoldAnswers:
    """The designs of a fold: standardised means, and the group of each."""
    center_Y = np.array([s.center for s in data.standards])
    spread_Y = np.array([s.spread for s in data.standards])
    return FoldAnswers((data.test.design_means() - center_Y) / spread_Y, _groups(data.test), {})


def spread_over(asked: TrainingData, data: TrainingData, predicted_KY: Floats) -> Floats:
    """Predictions of a model for all that is asked: what it cannot encode is the training mean."""
    place = {design: k for k, design in enumerate(asked.test.designs)}
    whole_KY: Floats = np.zeros((len(place), predicted_KY.shape[1]))
    kept = [(place[d], k) for k, d in enumerate(data.test.designs) if d in place]
    whole_KY[[to for to, _ in kept]] = predicted_KY[[k for _, k in kept]]
    return whole_KY


def _groups(part: Part) -> NDArray[np.int64]:
    group_K = np.zeros(len(part.designs), dtype=np.int64)
    group_K[part.design_N] = part.group_N
    return group_K


def predict_fold(
    data: TrainingData,
    spec: TrainingSpec,
    device: torch.device,
    hooks: Hooks,
    checkpoint: bytes | None,
) -> Floats:
    """Standardised predictions of the fold's designs, as a stored model would make them [K, Y].

    Raises:
        InvalidArgumentError: the model cannot learn a label.
        FailedPreconditionError: a loss that is no number, or a latent that collapsed.
        TrainingStoppedError: a stop was asked for; the checkpoint is saved.
    """
    key = fingerprint(spec, data.split_description)
    tensors, _ = fit_tensors(data, spec, device, hooks, checkpoint=checkpoint, key=key)
    tensors |= fit_bounds(data, spec)
    ensemble = load_ensemble(tensors, manifest_of(spec, data, _NO_TABLE, b""))
    designs = data.vocabulary.columns(data.test.designs)
    parts = parts_of(designs.orders)
    read = [ensemble.read(data.vocabulary.batch(designs.rows(part))) for part in parts]
    intact_MKY = np.concatenate([readings.intact_MBY for readings in read], axis=1)
    mean_KY: Floats = intact_MKY[:, request_order(parts)].mean(axis=0)
    return mean_KY
