"""Folds inside the training part, cut as the test part was: what is asked there is asked here.

| the test part is split | the inner folds are |
|---|---|
| random, none | by design group |
| gene, query_pair, group | by gene, query pair, group |
| order | the highest trained order, predicted from those below; by design group where none is |
| forward; covariate where what is tested comes after what is trained on | forward in time |
| covariate otherwise | by value of the covariate |
| condition, background | by design group: one context is trained on, so no other can be asked |

Where too few units are left, there are fewer folds; where that leaves none, by design group.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from service.contract.candidates import AutoSpec
from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.errors import InvalidArgumentError
from service.contract.models import FeatureRidgeSpec
from service.contract.splits import (
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    GroupSplit,
    OrderSplit,
    QueryPairSplit,
    RandomSplit,
    Split,
)
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.table import DesignTable
from worker.training.partition import partition
from worker.training.preparation import TrainingData, prepare
from worker.training.seeds import derived_seed
from worker.training.split_values import in_sequence


@dataclass(frozen=True)
class InnerFolds:
    """Splits of the training part; `description` says in words what they mimic."""

    table: DesignTable
    splits: tuple[Split, ...]
    description: str


def inner_folds_of(
    spec: TrainingSpec,
    table: DesignTable,
    covariates: Sequence[CovariateColumn],
    folds: int,
    labels: Sequence[str],
) -> InnerFolds:
    """The folds; none where the training part has not two groups of labelled designs."""
    conditions = [c.name for c in covariates if c.role == "condition"]
    train_N = partition(table, spec.split, conditions).train_N
    labelled_N = ~np.isnan(np.stack([table.labels[name] for name in labels])).all(axis=0)
    own = table.rows(train_N & labelled_N)
    seed = derived_seed(spec.seed, "selection") % 2**31
    for count in range(folds, 1, -1):
        mimicked = _mimicked(spec.split, table, own, count, seed)
        if mimicked is not None and _works(own, mimicked[0]):
            return InnerFolds(own, *mimicked)
    for count in range(folds, 1, -1):
        drawn = _by_design(count, seed)
        if _works(own, drawn):
            return InnerFolds(own, drawn, "by design group")
    return InnerFolds(own, (), "none: too few designs")


def asking(spec: TrainingSpec, genes: ChosenGenes | None) -> TrainingSpec:
    """The spec that asks for most designs: what a model reads of genes decides what it can encode.

    Where the model is yet to be chosen and genes are given, it is one that reads them.
    """
    if genes is None or not isinstance(spec.model, AutoSpec):
        return spec
    return spec.model_copy(update={"model": FeatureRidgeSpec()})


def prepared(
    folds: InnerFolds,
    spec: TrainingSpec,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn],
    genes: ChosenGenes | None = None,
) -> Iterator[tuple[int, TrainingData]]:
    """Each fold with its own scales, offsets and vocabulary; one that leaves nothing is skipped."""
    for place, split in enumerate(folds.splits):
        own = asking(spec, genes).model_copy(update={"split": split})
        try:
            yield place, prepare(own, folds.table, labels, covariates, genes)
        except InvalidArgumentError:  # no value, a constant one, or edits that training lacks
            continue


def _works(table: DesignTable, splits: Sequence[Split]) -> bool:
    try:
        for split in splits:
            partition(table, split)
    except InvalidArgumentError:
        return False
    return True


def _by_design(count: int, seed: int) -> tuple[Split, ...]:
    return tuple(RandomSplit(folds=count, fold=fold, seed=seed) for fold in range(count))


def _mimicked(
    split: Split, table: DesignTable, own: DesignTable, count: int, seed: int
) -> tuple[tuple[Split, ...], str] | None:
    """That many folds of the same kind, and what they are; None where there is no such thing."""
    match split:
        case GeneSplit() | QueryPairSplit() | GroupSplit():
            cut = {"test": (), "folds": count, "seed": seed}
            same = [split.model_copy(update=cut | {"fold": fold}) for fold in range(count)]
            return tuple(same), f"by {split.kind.replace('_', ' ')}"
        case OrderSplit():
            return _by_order(own)
        case ForwardSplit():
            return _forward(split.covariate, own, count)
        case CovariateSplit():
            if _comes_after(split, table, own):
                return _forward(split.covariate, own, count)
            name = split.covariate
            cuts = [CovariateSplit(covariate=name, folds=count, fold=f) for f in range(count)]
            return tuple(cuts), f"by {name}"
        case _:
            return None


def _by_order(own: DesignTable) -> tuple[tuple[Split, ...], str] | None:
    highest = max((design.order for design in own.designs), default=0)
    if highest < 2:
        return None
    description = f"order {highest}, predicted from lower orders"
    return (OrderSplit(max_train_order=highest - 1),), description


def _forward(name: str, own: DesignTable, count: int) -> tuple[tuple[Split, ...], str] | None:
    folds = min(count, len(own.covariates[name].values) - 1)
    if folds < 2:
        return None
    cuts = [ForwardSplit(covariate=name, folds=folds, fold=fold) for fold in range(folds)]
    return tuple(cuts), f"forward in {name}"


def _comes_after(split: CovariateSplit, table: DesignTable, own: DesignTable) -> bool:
    """Whether every tested value comes after every one that is trained on."""
    trained = own.covariates[split.covariate].values
    tested = split.test or tuple(
        v for v in table.covariates[split.covariate].values if v not in trained
    )
    order = in_sequence([*trained, *tested])
    return bool(trained) and set(order[: len(trained)]) == set(trained)
