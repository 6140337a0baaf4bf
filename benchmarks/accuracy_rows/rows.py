"""The rows of the table: data, what is held out, the metric, and what is to be reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from service.contract.splits import (
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    OrderSplit,
    RandomSplit,
    Split,
)

Metric = Literal["spearman", "pearson", "r2"]
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Event:
    """What average precision looks for: labels at or beyond a threshold.

    `share` takes the threshold from the test part: the highest labels, that share of them.
    """

    name: str
    below: float | None = None
    share: float | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `splits` gives the folds of a seed; their predictions are pooled. `is_fixed`: every seed has
    the same splits, so that only the model's own draws differ. `has_unseen_genes`: a model that
    knows genes by their labels alone predicts nothing there. `cycles` names the covariate within
    which ranks are looked at as well.
    """

    name: str
    data: str
    title: str
    label: str
    metric: Metric
    splits: Callable[[int], tuple[Split, ...]]
    event: Event
    references: str
    required: float | Literal["beat the best null"]
    stretch: float
    is_fixed: bool = False
    has_unseen_genes: bool = False
    cycles: str | None = None

    @property
    def required_words(self) -> str:
        """As the table says it."""
        return self.required if isinstance(self.required, str) else f"{self.required:g}"


def _cycles(_: int) -> tuple[Split, ...]:
    return (CovariateSplit(covariate="cycle", test=("5", "6"), train=("0", "1", "2", "3", "4")),)


def _forward(_: int) -> tuple[Split, ...]:
    return tuple(ForwardSplit(covariate="cycle", test=str(cycle)) for cycle in range(1, 7))


def _five_folds(seed: int) -> tuple[Split, ...]:
    return tuple(RandomSplit(folds=5, fold=fold, seed=seed) for fold in range(5))


def _random(seed: int) -> tuple[Split, ...]:
    return (RandomSplit(test_fraction=0.2, seed=seed),)


def _both_unseen(seed: int) -> tuple[Split, ...]:
    return (GeneSplit(match="all", test_fraction=0.2, seed=seed),)


def _published(_: int) -> tuple[Split, ...]:
    return (CovariateSplit(covariate="part", test=("testing",), train=("training",)),)


def _triples(_: int) -> tuple[Split, ...]:
    return (OrderSplit(max_train_order=2),)


_TITER = Event("the highest tenth", share=0.1)
_STRONG = Event("S <= -2.5", below=-2.5)
_NEGATIVE = Event("epsilon <= -0.08", below=-0.08)

_LISTED = (
    Row(
        "isoprenol_cycles", "isoprenol", "cycles 0-4 -> 5-6", "isoprenol", "spearman", _cycles,
        _TITER, "ridge 0.43-0.50, GP 0.50, forest 0.55; sd of the statistic 0.066",
        "beat the best null", 0.62, is_fixed=True, cycles="cycle",
    ),
    Row(
        "isoprenol_forward", "isoprenol", "forward chaining, cycles 1-6 pooled", "isoprenol",
        "spearman", _forward, _TITER, "none given", "beat the best null", 0.62, is_fixed=True,
        cycles="cycle",
    ),
    Row(
        "isoprenol_folds", "isoprenol", "5 folds by design", "isoprenol", "spearman", _five_folds,
        _TITER, "ridge 0.70, forest 0.72", 0.76, 0.78, cycles="cycle",
    ),
    Row(
        "emap_random", "emap_collins", "a random fifth of the pairs", "s_score", "pearson",
        _random, _STRONG,
        "per-gene additive 0.27, product network 0.55, soft-impute rank 40 0.594; two studies "
        "agree at 0.71", 0.63, 0.70,
    ),
    Row(
        "emap_unseen", "emap_collins", "both genes unseen (a fifth of the genes)", "s_score",
        "pearson", _both_unseen, _STRONG, "ridge on summed features, all channels: 0.139",
        "beat the best null", 0.25, has_unseen_genes=True,
    ),
    Row(
        "costanzo_published", "costanzo", "published train / test", "epsilon", "pearson",
        _published, _NEGATIVE, "additive ridge 0.240", 0.39, 0.45, is_fixed=True,
    ),
    Row(
        "costanzo_disjoint", "costanzo", "both genes unseen (a fifth of the genes)", "epsilon",
        "pearson", _both_unseen, _NEGATIVE, "none given", 0.39, 0.45, has_unseen_genes=True,
    ),
    Row(
        "costanzo_profiles", "costanzo",
        "both genes unseen in this screen, profiles of another (Collins 2007)", "epsilon",
        "pearson", _both_unseen, _NEGATIVE, "none given", 0.39, 0.45, has_unseen_genes=True,
    ),
    Row(
        "fba_triples", "fba_ecoli_core", "singles and doubles -> 20,000 triples", "growth", "r2",
        _triples, Event("growth at least 0.05 below the least of its pairs"),
        "additive 0.565, multiplicative 0.945, pairwise 0.994, minimum of pairs 0.9989",
        0.9989, 0.9995, is_fixed=True,
    ),
)  # fmt: skip

ROWS: Mapping[str, Row] = {row.name: row for row in _LISTED}
