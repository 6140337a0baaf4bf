"""A trial of a sweep: one spec, fitted on the inner folds. It never looks at the test part.

Folds, scales and scores are those of `model = auto`; one member is fitted a fold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.jobs import EventType
from service.contract.sweeps import Objective
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes, hashes_of
from worker.data.table import read_table
from worker.training.checkpoint import fingerprint
from worker.training.devices import device_of
from worker.training.ensemble import Hooks
from worker.training.errors import TrainingStoppedError
from worker.training.fold_predictions import asked_of, predict_fold
from worker.training.memory import TrainingSize, require_memory
from worker.training.preparation import TrainingData
from worker.training.progress import ALONE, Attempt, Pause, Reporter
from worker.training.selection_folds import inner_folds_of, prepared
from worker.training.selection_scores import FoldAnswers, score_of
from worker.training.selection_state import SelectionState, unpack

_NAME = "trial"


@dataclass(frozen=True)
class TrialResult:
    """The objective over all folds, and the means over the folds so far."""

    objective: float
    fold_scores: tuple[float, ...]


def run_trial(
    spec: TrainingSpec,
    objective: Objective,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn] = (),
    *,
    genes: ChosenGenes | None = None,
    table_sha256: str,
    attempt: Attempt = ALONE,
) -> TrialResult:
    """Fit every fold, and tell of the mean after each.

    Raises:
        InvalidArgumentError: the spec does not fit the table.
        FailedPreconditionError: too few designs for folds, or as `train_model`.
        TrainingStoppedError: `should_stop` said so; the checkpoint is saved.
    """
    own = spec.model_copy(update={"ensemble_size": 1})
    table = read_table(table_path)
    names = [label.name for label in spec.labels]
    folds = inner_folds_of(own, table, covariates, objective.folds, names)
    key = fingerprint(own, table_sha256, *hashes_of(genes), objective.model_dump_json())
    state = unpack(attempt.checkpoint, key)
    reporter = Reporter(attempt.emit, members=1, epochs=own.epochs)
    hooks = Hooks(reporter, Pause(attempt.should_stop), attempt.saver())
    scores: list[float] = []
    count = len(folds.splits)
    for place, data in prepared(folds, own, labels, covariates, genes):
        require_memory(own, TrainingSize.of(data))
        _fit_fold(own, data, hooks, state, place=place, count=count)
        score = _score([state.folds[k] for k in sorted(state.folds)], names, objective)
        if score is not None:
            scores.append(score)
            told = {"fold": place + 1, "folds": count, "score": score}
            attempt.emit(EventType.VALIDATION, told)
    if not scores:
        raise FailedPreconditionError(
            "the training part has too few designs to compare on: a sweep needs folds of at least "
            "three labelled designs"
        )
    return TrialResult(scores[-1], tuple(scores))


def _score(
    folds: Sequence[FoldAnswers], names: Sequence[str], objective: Objective
) -> float | None:
    if objective.label is not None:
        y = names.index(objective.label)
        folds = [
            FoldAnswers(
                fold.truth_KY[:, [y]],
                fold.group_K,
                {_NAME: fold.predicted[_NAME][:, [y]]},
            )
            for fold in folds
        ]
    return score_of(folds, _NAME, objective.criterion)


def _fit_fold(
    spec: TrainingSpec,
    data: TrainingData,
    hooks: Hooks,
    state: SelectionState,
    *,
    place: int,
    count: int,
) -> None:
    """Keep what the spec predicts for a fold.

    Raises:
        InvalidArgumentError: its predictions are no numbers.
        TrainingStoppedError: a stop was asked for; the checkpoint is saved.
    """
    state.folds.setdefault(place, asked_of(data))
    if _NAME in state.folds[place].predicted:
        return
    running = f"{place}.{_NAME}"
    reporter = hooks.reporter.phase(
        place / count, (place + 1) / count, members=1, epochs=spec.epochs, tells_epochs=False
    )
    saver = hooks.saver.inside(
        lambda inner: hooks.saver.now(lambda: state.pack_with(running, inner))
    )
    own = replace(hooks, reporter=reporter, saver=saver)
    if hooks.pause():
        hooks.saver.now(state.pack)
        raise TrainingStoppedError(f"stopped before fold {place + 1}")
    reporter.progress(0, 0, message=f"fold {place + 1} of {count}")
    predicted_KY = predict_fold(
        data, spec, device_of(spec.wanted_device), own, state.inner_of(running)
    )
    if not np.isfinite(predicted_KY).all():
        raise InvalidArgumentError("some predictions of this trial are no finite numbers")
    state.answer(place, _NAME, predicted_KY)
    hooks.saver.when_due(state.pack)
