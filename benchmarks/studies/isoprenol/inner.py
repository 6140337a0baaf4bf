"""Models compared inside a training part, on folds of it, by the code that `auto` selects with."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.accuracy_rows.measures import Floats
from service.contract.models import (
    AdditiveSpec,
    AverageSpec,
    ClassicalSpec,
    ForestSpec,
    GpSpec,
    SaturatingSpec,
)
from service.contract.splits import RandomSplit, Split
from service.contract.training import TrainingSpec
from worker.training.ensemble import Hooks
from worker.training.fold_predictions import asked_of, predict_fold
from worker.training.preparation import TrainingData
from worker.training.progress import Pause, Reporter, Saver
from worker.training.selection_folds import inner_folds_of, prepared
from worker.training.selection_scores import FoldAnswers

# The simplest first.
MODELS: Mapping[str, ClassicalSpec] = {
    "additive": AdditiveSpec(),
    "saturating": SaturatingSpec(),
    "forest": ForestSpec(),
    "gp": GpSpec(),
    "average": AverageSpec(),
}
FOLDS = 5


def new_hooks() -> Hooks:
    """Of a training that tells nobody and is not stopped."""
    reporter = Reporter(lambda *_: None, members=1, epochs=1)
    return Hooks(reporter, Pause(lambda: False), Saver(lambda _: None))


def spec_within(bench: Bench, split: Split, seed: int) -> TrainingSpec:
    """The job of one member, whose model is still to be named."""
    return TrainingSpec.model_validate(
        {
            "dataset_id": "study",
            "labels": [{"name": bench.row.label}],
            "split": split.model_dump(),
            "ensemble_size": 1,
            "seed": seed,
            "device": "cpu",
        }
    )


def answers(
    bench: Bench,
    split: Split,
    seed: int = 0,
    *,
    by_design: bool = False,
    models: Mapping[str, ClassicalSpec] = MODELS,
) -> list[FoldAnswers]:
    """What each model says of the inner folds of a split's training part; its test is not read.

    Folds are cut as the split is (forward in time where later cycles are tested), or `by_design`.
    """
    spec = spec_within(bench, split, seed)
    columns = (bench.data.labels, bench.data.covariates)
    folds = inner_folds_of(spec, bench.table, columns[1], FOLDS, [bench.row.label])
    if by_design:
        drawn = tuple(RandomSplit(folds=FOLDS, fold=fold, seed=seed) for fold in range(FOLDS))
        folds = replace(folds, splits=drawn)
    return [
        replace(asked_of(data), predicted=_predicted(data, spec, models))
        for _, data in prepared(folds, spec, *columns)
    ]


def _predicted(
    data: TrainingData, spec: TrainingSpec, models: Mapping[str, ClassicalSpec]
) -> dict[str, Floats]:
    cpu = torch.device("cpu")
    return {
        name: predict_fold(data, spec.model_copy(update={"model": model}), cpu, new_hooks(), None)
        for name, model in models.items()
    }
