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
from worker.training.preparation import Part, TrainingData
from worker.training.selection_scores import FoldAnswers
from worker.training.upper_bounds import fit_bounds

Floats = NDArray[np.float64]

_NO_TABLE = TableIdentity("", "", "")


def asked_of(data: TrainingData) -> FoldAnswers:
    """The designs of a fold: standardised means, and the group of each."""
    center_Y = np.array([s.center for s in data.standards])
    spread_Y = np.array([s.spread for s in data.standards])
    return FoldAnswers((data.test.design_means() - center_Y) / spread_Y, _groups(data.test), {})


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
    """Standardised predictions of the fold's designs, as a stored model would make them [K, Y]."""
    key = fingerprint(spec, data.split_description)
    tensors, _ = fit_tensors(data, spec, device, hooks, checkpoint=checkpoint, key=key)
    tensors |= fit_bounds(data, spec)
    ensemble = load_ensemble(tensors, manifest_of(spec, data, _NO_TABLE, b""))
    designs = data.test.designs
    parts = parts_of(designs)
    read = [ensemble.read(data.index.encode([designs[k] for k in part])) for part in parts]
    intact_MKY = np.concatenate([readings.intact_MBY for readings in read], axis=1)
    mean_KY: Floats = intact_MKY[:, request_order(parts)].mean(axis=0)
    return mean_KY
