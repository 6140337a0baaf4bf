"""How much further from training the test part lies than an inner fold does.

Inner folds are random by design group. Where whole cycles, orders or genes are held out, errors are
larger than those that inner folds show. By how much is measured on the additive model, which costs
next to nothing to refit: its root mean square error on training designs that were left out in
the way of the split, over that on the same designs when they were left out at random.

Conditions and backgrounds, of which the training part holds one, cannot be left out of it; nor does
it know the query of a design that a covariate names. There the words say what was not done.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.splits import (
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    GroupSplit,
    NoSplit,
    OrderSplit,
    QueryPairSplit,
    RandomSplit,
)
from service.contract.training import TrainingSpec
from worker.models.additive import fit_ridge
from worker.training.contexts import Context
from worker.training.member_parts import are_genes_unseen
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed, inner_folds
from worker.training.split_designs import loci_of, pairs_of, queries_of
from worker.training.split_values import in_sequence

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]
Sides = Iterator[tuple[Flags, Flags]]

_FOLDS = 5
_FEWEST = 10
_MOST = 5.0
_FOLDS_SAID = "inner folds of the training part, random by design group"


@dataclass(frozen=True)
class Widening:
    """A factor for residuals, and what was calibrated on in words."""

    factor: float
    words: str


def _by_value(context: Context, *, forward: bool) -> Sides:
    """Each value left out; for a split that looks ahead, with all later ones."""
    present = [context.values[code] for code in np.unique(context.train_N[context.train_N >= 0])]
    values = in_sequence(present)
    names = context.names(context.train_N)
    code_N = np.array([-1 if name is None else values.index(name) for name in names])
    for code in range(1 if forward else 0, len(values)):
        kept_N = code_N < code if forward else code_N != code
        yield kept_N, code_N == code


def _by_order(data: TrainingData) -> Sides:
    order_N = np.array([d.order for d in data.train.designs], dtype=np.int64)[data.train.design_N]
    largest = int(order_N.max(initial=0))
    if largest > 1:
        yield order_N < largest, order_N == largest


def _by_gene(data: TrainingData, split: GeneSplit, seed: int) -> Sides:
    """Folds of the genes, less their singles."""
    sets = [loci_of(design) for design in data.train.designs]
    loci = sorted(frozenset().union(*sets))
    fold_L = inner_folds(np.arange(len(loci)), _FOLDS, derived_seed(seed, "widening"))
    single_K = np.array([len(genes) < 2 for genes in sets])
    for fold in range(_FOLDS):
        out = {locus for locus, at in zip(loci, fold_L.tolist(), strict=True) if at == fold}
        touched_K = np.array([not out.isdisjoint(genes) for genes in sets])
        whole_K = np.array([out >= genes for genes in sets]) if split.match == "all" else touched_K
        kept_K, test_K = ~touched_K | single_K, touched_K & whole_K & ~single_K
        yield kept_K[data.train.design_N], test_K[data.train.design_N]


def _by_query(data: TrainingData, seed: int) -> Sides:
    """Folds of the query pairs, less all designs that hold one of them."""
    designs = data.train.designs
    query_K = queries_of(designs, designs)
    names = sorted({query for query in query_K if query is not None})
    if len(names) < 2:
        return
    folds = min(_FOLDS, len(names))
    fold_Q = inner_folds(np.arange(len(names)), folds, derived_seed(seed, "widening"))
    for fold in range(folds):
        out = {name for name, at in zip(names, fold_Q.tolist(), strict=True) if at == fold}
        test_K = np.array([query in out for query in query_K])
        holds_K = np.array([not out.isdisjoint(pairs_of(design)) for design in designs])
        large_K = np.array([query is not None for query in query_K])
        yield ~(large_K & holds_K)[data.train.design_N], test_K[data.train.design_N]


def _sides(data: TrainingData, spec: TrainingSpec) -> tuple[Sides, str] | None:
    """Parts of the training part as the split would make them, and what is left out in words."""
    match spec.split:
        case CovariateSplit() | ForwardSplit() if data.context is not None:
            forward = isinstance(spec.split, ForwardSplit)
            return _by_value(data.context, forward=forward), f"values of {data.context.column}"
        case OrderSplit():
            return _by_order(data), "designs of the highest order"
        case GeneSplit():
            return _by_gene(data, spec.split, spec.seed), "genes"
        case QueryPairSplit(covariate=None):
            return _by_query(data, spec.seed), "query pairs"
        case _:
            return None


def _errors(data: TrainingData, learned_N: Floats, sides: Sides) -> Floats:
    """Errors of the additive model on what was left out; NaN where nothing was [N]."""
    effect_NE = data.index.matrix(data.train.designs)[data.train.design_N]
    touched_NE = effect_NE != 0
    error_N = np.full(len(learned_N), np.nan)
    labelled_N = ~np.isnan(learned_N)
    for kept_N, test_N in sides:
        if not (kept_N & labelled_N).any():
            continue
        fit = fit_ridge(effect_NE, np.where(kept_N, learned_N, np.nan))
        known_E = np.asarray(touched_NE[kept_N & labelled_N].sum(axis=0)).ravel() > 0
        lacking_N = np.asarray(touched_NE @ (~known_E).astype(np.float64)).ravel() > 0
        edited_N = np.diff(touched_NE.indptr) > 0
        asked_N = test_N & labelled_N & ~lacking_N & edited_N
        error_N[asked_N] = (learned_N - fit.predict(effect_NE))[asked_N]
    return error_N


def _random_sides(data: TrainingData, seed: int) -> Sides:
    groups = len(np.unique(data.train.group_N))
    fold_N = inner_folds(data.train.group_N, max(1, min(_FOLDS, groups)), seed)
    for fold in np.unique(fold_N):
        yield fold_N != fold, fold_N == fold


def widening(data: TrainingData, spec: TrainingSpec, learned_N: Floats) -> Widening:
    """The factor for one label, from 1 to 5, and the words that go with it."""
    if isinstance(spec.split, RandomSplit | GroupSplit | NoSplit):
        return Widening(1.0, _FOLDS_SAID)
    if are_genes_unseen(spec.split):
        return Widening(1.0, "inner folds of the genes of the training part")
    found = _sides(data, spec)
    if found is not None:
        sides, what = found
        far_N = _errors(data, learned_N, sides)
        near_N = _errors(data, learned_N, _random_sides(data, spec.seed))
        both_N = ~np.isnan(far_N) & ~np.isnan(near_N)
        near = float(np.sum(near_N[both_N] ** 2))
        if both_N.sum() >= _FEWEST and near > 0:
            ratio = float(np.sqrt(np.sum(far_N[both_N] ** 2) / near))
            factor = min(max(1.0, ratio), _MOST)
            return Widening(
                factor,
                f"{_FOLDS_SAID}; widened by {factor:.2f}, the ratio of the additive model's errors "
                f"on left-out {what} to those on left-out designs",
            )
    return Widening(
        1.0, f"{_FOLDS_SAID}; not on a part that was held out by {spec.split.kind}, as the test is"
    )
