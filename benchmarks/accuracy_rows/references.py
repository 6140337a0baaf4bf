"""References for genes that no label is known of: a constant, and ridge on summed features.

These are no models of the service, and serve as nulls alone. The ridge sees every column of the
table of gene features, those that know of genetic interactions (text mining, GO) among them.
"""

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeCV

from benchmarks.accuracy_rows.measures import Floats
from benchmarks.accuracy_rows.parts import Fold
from benchmarks.accuracy_rows.tables import find
from service.contract.designs import Design
from worker.data.table import DesignTable

_FEATURES = "yeast_genes.tsv.gz"
_PENALTIES = np.logspace(0, 6, 13)
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


def feature_ridge(fold: Fold, table: DesignTable, folder: Path | None) -> Floats:
    """Ridge on the sum of both genes' features; leave-one-out selects the penalty."""
    place, feature_GF = _features(folder)
    rows = np.flatnonzero(fold.train_N)
    kept, place_R = np.unique(table.design_N[rows], return_inverse=True)
    trained_KF = _summed([table.designs[k] for k in kept], place, feature_GF)
    model = RidgeCV(alphas=_PENALTIES).fit(trained_KF[place_R], fold.learned_N[rows])
    predicted: Floats = model.predict(_summed(fold.designs, place, feature_GF))
    return predicted


REFERENCES: Mapping[str, Callable[[Fold, DesignTable, Path | None], Floats]] = {
    "constant": constant,
    "feature_ridge": feature_ridge,
}
