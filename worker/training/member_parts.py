"""Which observations a member of an ensemble is trained on, and which it is stopped by.

Members leave out one inner fold each. Where whole genes are held out for the test, folds are of
genes: a member that is stopped early by pairs of genes it has seen would learn those genes by
heart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.splits import GeneSplit, Split
from service.contract.training import TrainingSpec
from worker.training.observations import Part
from worker.training.seeds import derived_seed, inner_folds

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST_FOLDS = 5


@dataclass(frozen=True)
class MemberParts:
    """Observations of each member [M, N] both; those in neither part are left out."""

    trained_MN: Flags
    held_out_MN: Flags

    def fitted(self, member: int, label_N: Floats, *, stops_early: bool = False) -> Flags:
        """What a member is fitted on.

        All observations where it would be left without a label, or is the only one, unless it
        `stops_early` by what it leaves out.
        """
        kept_N: Flags = self.trained_MN[member]
        is_alone = len(self.trained_MN) == 1 and not stops_early
        if is_alone or np.isnan(label_N[kept_N]).all():
            return np.ones_like(kept_N)
        return kept_N


def are_genes_unseen(split: Split) -> bool:
    """Whether test designs edit genes that training knows nothing of."""
    return isinstance(split, GeneSplit) and not split.keep_singles


def member_parts(train: Part, spec: TrainingSpec) -> MemberParts:
    """Member m leaves out fold m of the design groups, or of the genes.

    One that this would leave no label to learn from has all observations, and leaves none out.
    """
    parts = _by_gene(train, spec) if are_genes_unseen(spec.split) else _by_group(train, spec)
    labelled_N = ~np.isnan(train.label_NY).all(axis=1)
    has_some_M1 = np.any(parts.trained_MN & labelled_N, axis=1, keepdims=True)
    return MemberParts(parts.trained_MN | ~has_some_M1, parts.held_out_MN & has_some_M1)


def _by_group(train: Part, spec: TrainingSpec) -> MemberParts:
    groups = len(np.unique(train.group_N))
    folds = max(spec.ensemble_size, _LEAST_FOLDS)
    fold_N = inner_folds(train.group_N, min(folds, max(groups, 1)), spec.seed)
    held_out_MN = fold_N == np.arange(spec.ensemble_size)[:, None]
    return MemberParts(~held_out_MN, held_out_MN)


def _by_gene(train: Part, spec: TrainingSpec) -> MemberParts:
    """As the split holds genes out: all genes of a design, or any of them."""
    loci = sorted({edit.locus for design in train.designs for edit in design.edits})
    place = {locus: row for row, locus in enumerate(loci)}
    folds = min(max(spec.ensemble_size, _LEAST_FOLDS), max(len(loci), 1))
    rng = np.random.default_rng(derived_seed(spec.seed, "gene folds"))
    fold_G = np.empty(len(loci), dtype=np.int64)
    fold_G[rng.permutation(len(loci))] = np.arange(len(loci)) % folds
    count_KF = np.zeros((len(train.designs), max(folds, spec.ensemble_size)), dtype=np.int64)
    for row, design in enumerate(train.designs):
        for locus in {edit.locus for edit in design.edits}:
            count_KF[row, fold_G[place[locus]]] += 1
    count_MN = count_KF[train.design_N].T[: spec.ensemble_size]
    needs_all = isinstance(spec.split, GeneSplit) and spec.split.match == "all"
    total_N = count_KF.sum(axis=1)[train.design_N]
    held_out_MN = (count_MN > 0) & ((count_MN == total_N) | (not needs_all))
    return MemberParts(count_MN == 0, held_out_MN)
