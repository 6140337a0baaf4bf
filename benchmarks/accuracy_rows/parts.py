"""Test parts: which designs are predicted, and what was measured of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy_rows.measures import Floats, HeldOut
from benchmarks.accuracy_rows.rows import Row
from benchmarks.accuracy_rows.tables import Data
from service.contract.designs import Design
from service.contract.splits import Split
from service.contract.training import TrainingLabel, Transform
from worker.data.table import DesignTable
from worker.models.encoding import EditIndex
from worker.models.observations import observations
from worker.models.upper_bound import fit_upper_bound
from worker.training.labels import ChosenLabel, choose_labels
from worker.training.partition import partition

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Fold:
    """One split of a table: what is tested, and which rows are trained on."""

    split: Split
    designs: tuple[Design, ...]
    tested: HeldOut
    train_N: Flags
    learned_N: Floats


def _label(row: Row, data: Data, table: DesignTable) -> ChosenLabel:
    (label,) = choose_labels([TrainingLabel(name=row.label)], data.labels, table.labels)
    return label


def _in_unit(label: ChosenLabel, learned: Floats) -> Floats:
    return np.exp(learned) if label.transform is Transform.LOG else learned


def _means(key_N: Codes, value_N: Floats, count: int) -> Floats:
    totals = np.bincount(key_N, weights=value_N, minlength=count)
    means: Floats = totals / np.bincount(key_N, minlength=count)
    return means


def _gene_sets(designs: Sequence[Design]) -> Codes:
    """A number for each set of genes, the same in every fold."""
    return np.array(
        [hash_of("+".join(sorted({edit.locus for edit in design.edits}))) for design in designs],
        dtype=np.int64,
    )


def hash_of(text: str) -> int:
    """A number of 60 bits that is the same in every process."""
    number = 1469598103934665603
    for byte in text.encode():
        number = (number ^ byte) * 1099511628211 % (1 << 64)
    return number >> 4


def _bounds(
    table: DesignTable, fold_rows: Flags, learned_N: Floats, designs: Sequence[Design]
) -> Floats:
    """Least measured lower order of each design, on the learned scale; NaN where none is."""
    kept = np.flatnonzero(fold_rows)
    trained = [table.designs[k] for k in table.design_N[kept]]
    index = EditIndex.of(trained)
    if not all(index.knows(design) for design in designs):
        return np.full(len(designs), np.nan)
    rows = observations(index.encode(trained), learned_N[kept], edit_count=len(index))
    bound_K = fit_upper_bound(rows).predict(index.encode(designs))
    return np.where(np.isinf(bound_K), np.nan, bound_K)


def _predictable(row: Row, table: DesignTable, train_N: Flags, test_N: Flags) -> Flags:
    """Test rows whose edits training has; with unseen genes that is not asked."""
    if row.has_unseen_genes:
        return test_N
    index = EditIndex.of([table.designs[k] for k in np.unique(table.design_N[train_N])])
    known_K = np.array([index.knows(design) for design in table.designs], dtype=bool)
    kept_N: Flags = test_N & known_K[table.design_N]
    return kept_N


def fold_of(row: Row, data: Data, table: DesignTable, split: Split) -> Fold:
    """Split the table as a training does, and average what was measured of each design.

    Observations are means over the replicates of a design in one cycle, on the learned scale;
    a design is the mean of its observations, in its unit.
    """
    label = _label(row, data, table)
    raw_N = table.labels[row.label]
    parts = partition(table, split)
    used_N = (parts.train_N | parts.test_N) & ~np.isnan(raw_N)
    learned_N = label.apply(np.where(used_N, raw_N, np.nan))
    train_N = parts.train_N & used_N
    rows = np.flatnonzero(_predictable(row, table, train_N, parts.test_N & used_N))
    kept, design_R = np.unique(table.design_N[rows], return_inverse=True)
    cycle_R = table.covariates[row.cycles].code_N[rows] if row.cycles else np.full(len(rows), -1)
    pair_NC, unit_R = np.unique(
        np.stack([design_R.reshape(-1), cycle_R], axis=1), axis=0, return_inverse=True
    )
    observed_N = _means(unit_R.reshape(-1), learned_N[rows], len(pair_NC))
    designs = tuple(table.designs[k] for k in kept)
    has_bound = row.metric == "r2"
    bound_K = (
        _bounds(table, train_N, learned_N, designs) if has_bound else np.full(len(kept), np.nan)
    )
    tested = HeldOut(
        truth_K=_in_unit(label, _means(pair_NC[:, 0], observed_N, len(kept))),
        cluster_K=_gene_sets(designs),
        bound_K=_in_unit(label, bound_K),
        design_N=pair_NC[:, 0],
        truth_N=observed_N,
        cycle_N=pair_NC[:, 1],
    )
    return Fold(split, designs, tested, train_N, learned_N)
