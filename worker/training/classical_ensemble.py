"""Ensembles of models that are fitted at once: each member leaves out one inner fold."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.models import ClassicalSpec, MultiplicativeSpec
from service.contract.training import TrainingSpec, Transform
from worker.inference.ensembles import member_prefix
from worker.models.classical import KINDS, fit_model
from worker.models.observations import Observations, observations
from worker.models.stored import StoredModel
from worker.training.ensemble import Hooks
from worker.training.errors import TrainingStoppedError
from worker.training.labels import ChosenLabel
from worker.training.member_parts import member_parts
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]


def fit_classical(
    data: TrainingData, spec: TrainingSpec, model: ClassicalSpec, hooks: Hooks
) -> dict[str, Tensor]:
    """One fit a member and label; a single member has all the data.

    Raises:
        InvalidArgumentError: the model cannot learn a label; the message says which and why.
        TrainingStoppedError: a stop was asked for between two members.
    """
    columns = _columns(data, model)
    parts = member_parts(data.train, spec)
    tensors: dict[str, Tensor] = {}
    for member in range(spec.ensemble_size):
        if hooks.pause():
            raise TrainingStoppedError(f"stopped at member {member + 1}")
        for y, rows in enumerate(columns):
            kept_N = parts.fitted(member, rows.label_N)
            seed = derived_seed(spec.seed, member, y, model.kind) % 2**32
            own = replace(rows.rows(kept_N), seed=seed)
            fitted = _fit(model, own)
            prefix = member_prefix(member, y)
            tensors |= {
                prefix + name: torch.from_numpy(np.array(array))
                for name, array in fitted.arrays().items()
            }
        hooks.reporter.progress(member + 1, 0)
    return tensors


def _fit(model: ClassicalSpec, rows: Observations) -> StoredModel:
    """A fit; a model of gene features that has none is an error of the spec."""
    if KINDS[model.kind].reads_genes and rows.genes is None:
        message = f"{model.kind} is made of features of genes: name a gene table that has them"
        raise InvalidArgumentError(message, [Offender(field="genes", message=message)])
    return fit_model(model, rows)


def _columns(data: TrainingData, model: ClassicalSpec) -> list[Observations]:
    """Observations of each label, on the scale that the model learns."""
    designs = data.index.encode(data.train.designs).rows(torch.from_numpy(data.train.design_N))
    genes = None if data.gene_vocabulary is None else data.gene_vocabulary.known
    standardized_NY = data.standardized(data.train)
    columns = []
    for y, label in enumerate(data.labels):
        label_N = standardized_NY[:, y]
        if KINDS[model.kind].learns_ratios:
            label_N = _ratios(label, data.train.label_NY[:, y], model)
        rows = observations(designs, label_N, edit_count=len(data.vocabulary))
        columns.append(replace(rows, genes=genes))
    return columns


def _ratios(label: ChosenLabel, learned_N: Floats, model: ClassicalSpec) -> Floats:
    """A label in its unit, for a model of ratios.

    Raises:
        InvalidArgumentError: an interaction label, or values without a ratio.
    """
    if label.measure_order:
        raise _refusal(
            label,
            f"an interaction score has no ratios, and {model.kind} is made of them: train it on "
            "the label that the score was computed from, or use additive, low_rank or profile_gp",
        )
    value_N = np.exp(learned_N) if label.transform is Transform.LOG else learned_N
    present_N = value_N[~np.isnan(value_N)]
    if isinstance(model, MultiplicativeSpec):
        bad = 0 if model.floor is not None else int((present_N <= 0).sum())
        what = "at or below 0, which have no logarithm: give the model a floor above 0"
    else:
        bad = int((present_N < 0).sum())
        what = "below 0, of which no share can be taken: give the label a detection limit from 0"
    if bad:
        raise _refusal(label, f"{model.kind} cannot learn {bad} training values {what}")
    return value_N


def _refusal(label: ChosenLabel, message: str) -> InvalidArgumentError:
    name = label.column.name
    offender = Offender(field="labels", value=name, message=message)
    return InvalidArgumentError(f"label {name}: {message}", [offender])
