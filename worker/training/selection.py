"""Which model `auto` trains: candidates are compared inside the training part, the simplest wins.

Law: a selection is a function of the spec and the training part. Rows of the test part, how busy
the machine is, and where a run was interrupted change nothing about it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from service.contract.candidates import AutoSpec
from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.manifests import ModelManifest
from service.contract.selection import Selection
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.table import DesignTable
from worker.training.ensemble import Hooks
from worker.training.errors import TrainingStoppedError
from worker.training.fold_predictions import asked_of, predict_fold, spread_over
from worker.training.preparation import TrainingData, as_read_by, prepare
from worker.training.selection_candidates import Candidate, candidates_of
from worker.training.selection_folds import InnerFolds, inner_folds_of, prepared
from worker.training.selection_state import FINAL, SelectionState, unpack
from worker.training.selection_table import told

# Of so many observations two folds tell candidates apart, and five would cost an hour.
MANY_ROWS = 20_000
FOLDS_OF_MANY = 2


@dataclass(frozen=True)
class Source:
    """What is trained on: the table, its columns, genes, and what the outer split made of them."""

    table: DesignTable
    labels: Sequence[LabelColumn]
    covariates: Sequence[CovariateColumn]
    genes: ChosenGenes | None
    data: TrainingData

    def read_by(self, spec: TrainingSpec) -> TrainingData:
        """The data for the model of a spec with the same split."""
        own = as_read_by(spec.model, self.data, self.table)
        if own is not None:
            return own
        return prepare(spec, self.table, self.labels, self.covariates, self.genes)


@dataclass(frozen=True)
class Chosen:
    """What to train: a spec that names a model, and how to go on with it."""

    spec: TrainingSpec
    hooks: Hooks
    checkpoint: bytes | None
    selection: Selection | None = None


def choose_model(
    spec: TrainingSpec,
    source: Source,
    device: torch.device,
    hooks: Hooks,
    *,
    checkpoint: bytes | None,
    key: str,
) -> Chosen:
    """Select the model where the spec says `auto`; else give back what was given.

    Raises:
        InvalidArgumentError: no candidate can be fitted; each is named with its reason.
        FailedPreconditionError: a foreign checkpoint.
        TrainingStoppedError: a stop was asked for; the checkpoint is saved.
    """
    auto = spec.model
    if not isinstance(auto, AutoSpec):
        return Chosen(spec, hooks, checkpoint)
    names = [label.name for label in spec.labels]
    count = min(auto.folds, FOLDS_OF_MANY) if len(source.data.train) > MANY_ROWS else auto.folds
    folds = inner_folds_of(spec, source.table, source.covariates, count, names)
    state = unpack(checkpoint, key)
    candidates = candidates_of(auto, spec, source.data, len(folds.splits))
    comparing = _Comparing(
        spec, candidates, source, device=device, hooks=hooks, folds=folds, state=state
    )
    comparing.run()
    selection = told(auto, candidates, folds.description, state, spec.seed)
    model = next(c.spec for c in candidates if c.kind == selection.chosen)
    reporter = hooks.reporter.phase(
        comparing.share, 1.0, members=spec.ensemble_size, epochs=spec.epochs
    )
    hooks.saver.now(state.pack)  # what was compared is not compared again
    reporter.progress(0, 0, message=f"chosen: {selection.chosen}; {selection.reason}")
    saver = hooks.saver.inside(lambda inner: hooks.saver.now(lambda: state.pack_with(FINAL, inner)))
    return Chosen(
        spec.model_copy(update={"model": model}),
        replace(hooks, reporter=reporter, saver=saver),
        state.inner_of(FINAL),
        selection,
    )


def with_selection(manifest: ModelManifest, spec: TrainingSpec, chosen: Chosen) -> ModelManifest:
    """The manifest as the job asked for it: with the spec that says `auto`, and what was chosen."""
    if chosen.selection is None:
        return manifest
    return manifest.model_copy(
        update={
            "training_spec": spec.model_dump(mode="json"),
            "selected_model": chosen.spec.model.model_dump(mode="json"),
            "selection": chosen.selection,
        }
    )


class _Comparing:
    """Fits every candidate on every fold, unless the state has its answer."""

    def __init__(
        self,
        spec: TrainingSpec,
        candidates: Sequence[Candidate],
        source: Source,
        *,
        device: torch.device,
        hooks: Hooks,
        folds: InnerFolds,
        state: SelectionState,
    ) -> None:
        self._spec, self._source, self._device = spec, source, device
        self._hooks, self._folds, self._state = hooks, folds, state
        self.candidates = candidates
        compared = [c.seconds for c in self.candidates if c.left_out is None]
        fold_count = max(len(folds.splits), 1)
        # The dearest may win: then each of its members costs as much as on a fold.
        last = spec.ensemble_size * max(compared, default=0.0) / fold_count
        self._total = sum(compared) + last or 1.0
        self._spent = 0.0
        self.share = sum(compared) / self._total if folds.splits else 0.0

    def run(self) -> None:
        source = self._source
        columns = (source.labels, source.covariates, source.genes)
        folds = prepared(self._folds, self._spec, *columns)
        compared = [c for c in self.candidates if c.left_out is None]
        if len(compared) < 2:
            return  # nothing to compare
        for place, data in folds:
            self._state.folds.setdefault(place, asked_of(data))
            for candidate in compared:
                self._step(place, data, candidate)

    def _step(self, place: int, data: TrainingData, candidate: Candidate) -> None:
        begin = self._spent / self._total
        self._spent += candidate.seconds / len(self._folds.splits)
        kind, state = candidate.kind, self._state
        if kind in state.failed or kind in state.folds[place].predicted:
            return
        reporter = self._hooks.reporter.phase(
            begin,
            self._spent / self._total,
            members=1,
            epochs=self._spec.epochs,
            tells_epochs=False,
        )
        of = f"fold {place + 1} of {len(self._folds.splits)}"
        reporter.progress(0, 0, message=f"comparing {kind}, {of}")
        self._answer(place, data, candidate, replace(self._hooks, reporter=reporter))
        self._hooks.saver.when_due(state.pack)

    def _encoded_by(self, spec: TrainingSpec, place: int, data: TrainingData) -> TrainingData:
        """The fold as this model reads it."""
        own = spec.model_copy(update={"split": self._folds.splits[place]})
        return replace(self._source, table=self._folds.table, data=data).read_by(own)

    def _answer(self, place: int, data: TrainingData, candidate: Candidate, hooks: Hooks) -> None:
        """Keep what the candidate predicts, or why it cannot.

        Raises:
            TrainingStoppedError: a stop was asked for; the checkpoint is saved.
        """
        kind, state = candidate.kind, self._state
        running, outer = f"{place}.{kind}", self._hooks.saver
        saver = outer.inside(lambda inner: outer.now(lambda: state.pack_with(running, inner)))
        own = self._spec.model_copy(update={"model": candidate.spec, "ensemble_size": 1})
        begin, hooks = time.monotonic(), replace(hooks, saver=saver)
        try:
            encoded = self._encoded_by(own, place, data)
            known_KY = predict_fold(encoded, own, self._device, hooks, state.inner_of(running))
            predicted_KY = spread_over(data, encoded, known_KY)
        except TrainingStoppedError:
            if state.running != running:  # it has kept nothing of its own
                outer.now(state.pack)
            raise
        except (InvalidArgumentError, FailedPreconditionError, ValueError) as error:
            state.failed[kind] = getattr(error, "detail", str(error))
            return
        state.seconds[kind] = state.seconds.get(kind, 0.0) + time.monotonic() - begin
        if np.isfinite(predicted_KY).all():
            state.answer(place, kind, predicted_KY)
        else:
            state.failed[kind] = "some of its predictions are no finite numbers"
