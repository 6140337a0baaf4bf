"""References for genes that no label is known of: a constant, and ridge on summed features.

These are no models of the service, and serve as nulls alone. The ridge sees every column of the
table of gene features, those that know of genetic interactions (text mining, GO) among them.
"""

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_rows.measures import Floats
from benchmarks.accuracy_rows.parts import Fold
from benchmarks.accuracy_rows.tables import find
from service.contract.designs import Design
from worker.data.table import DesignTable
from worker.training.metrics import pearson

Codes = NDArray[np.int64]

_FEATURES = "yeast_genes.tsv.gz"
_PENALTIES = np.logspace(0, 8, 17)
_FOLDS = 5
_NAMES = 2  # columns that are no features: locus and name


def constant(fold: Fold, table: DesignTable, folder: Path | None) -> Floats:
    """The mean of the training labels."""
    del table, folder
    return np.full(len(fold.designs), float(np.nanmean(fold.learned_N[fold.train_N])))


def _features(folder: Path | None) -> tuple[dict[str, int], Floats]:
    """Row of each locus, and standardised features; the last row is that of unknown genes: 0."""
    with gzip.open(find(_FEATURES, folder), "rt") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    raw_GF = np.array([[float(cell or "nan") for cell in row[_NAMES:]] for row in rows])
    raw_GF[:, 0] = np.log1p(raw_GF[:, 0])  # a degree
    spread_F = np.nanstd(raw_GF, axis=0)
    scaled_GF = (raw_GF - np.nanmean(raw_GF, axis=0)) / np.where(spread_F > 0, spread_F, 1.0)
    known_GF = np.vstack([np.nan_to_num(scaled_GF), np.zeros(raw_GF.shape[1])])
    return {row[0]: place for place, row in enumerate(rows)}, known_GF


def _summed(designs: Sequence[Design], place: Mapping[str, int], feature_GF: Floats) -> Floats:
    unknown = len(feature_GF) - 1
    gene_KP = [[place.get(edit.locus, unknown) for edit in d.edits] for d in designs]
    return np.stack([feature_GF[genes].sum(axis=0) for genes in gene_KP])


@dataclass(frozen=True)
class _Ridge:
    """Ridge regression from its normal equations, for many penalties."""

    center_F: Floats
    gram_FF: Floats
    moment_F: Floats
    mean: float

    @classmethod
    def of(cls, input_NF: Floats, label_N: Floats) -> "_Ridge":
        center_F, mean = input_NF.mean(axis=0), float(label_N.mean())
        centered_NF = input_NF - center_F
        return cls(center_F, centered_NF.T @ centered_NF, centered_NF.T @ (label_N - mean), mean)

    def predict(self, input_NF: Floats, penalty: float) -> Floats:
        system_FF = self.gram_FF + penalty * np.eye(len(self.center_F))
        weight_F = np.linalg.solve(system_FF, self.moment_F)
        predicted_N: Floats = (input_NF - self.center_F) @ weight_F + self.mean
        return predicted_N


def _penalty(input_NF: Floats, label_N: Floats, gene_NP: Codes) -> float:
    """Of best mean Pearson on pairs of two genes of a fifth, fitted on pairs without any of it."""
    fold_G = np.random.default_rng(0).permutation(int(gene_NP.max()) + 1) % _FOLDS
    score_A = np.zeros(len(_PENALTIES))
    for fold in range(_FOLDS):
        inside_NP = fold_G[gene_NP] == fold
        train_N, held_N = ~inside_NP.any(axis=1), inside_NP.all(axis=1)
        ridge = _Ridge.of(input_NF[train_N], label_N[train_N])
        for place, penalty in enumerate(_PENALTIES):
            predicted_N = ridge.predict(input_NF[held_N], penalty)
            score_A[place] += pearson(predicted_N, label_N[held_N]) or 0.0
    return float(_PENALTIES[score_A.argmax()])


def feature_ridge(fold: Fold, table: DesignTable, folder: Path | None) -> Floats:
    """Ridge on the sum of both genes' features; folds of unseen genes select the penalty."""
    place, feature_GF = _features(folder)
    rows = np.flatnonzero(fold.train_N)
    kept, place_R = np.unique(table.design_N[rows], return_inverse=True)
    trained = [table.designs[k] for k in kept]
    loci = sorted({edit.locus for design in trained for edit in design.edits})
    codes = {locus: code for code, locus in enumerate(loci)}
    gene_KP = np.array([[codes[edit.locus] for edit in design.edits] for design in trained])
    input_RF = _summed(trained, place, feature_GF)[place_R.reshape(-1)]
    label_R, gene_RP = fold.learned_N[rows], gene_KP[place_R.reshape(-1)]
    penalty = _penalty(input_RF, label_R, gene_RP)
    tested_KF = _summed(fold.designs, place, feature_GF)
    return _Ridge.of(input_RF, label_R).predict(tested_KF, penalty)


REFERENCES: Mapping[str, Callable[[Fold, DesignTable, Path | None], Floats]] = {
    "constant": constant,
    "feature_ridge": feature_ridge,
}
