"""From a table and a spec to what a model is fitted on.

Hierarchy: design -> build -> replicate. Replicates of one build (and of one batch) are averaged on
the learned scale into one observation, so that every build has the same weight however often it
was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.contract.candidates import ModelSpec
from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.designs import Design
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.inference import Condition
from service.contract.splits import BackgroundSplit, Split
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes
from worker.data.table import DesignTable
from worker.losses.regression import LabelDetails
from worker.models.encoding import EditIndex
from worker.training.batches import BatchOffsets, Replication, estimate_offsets, require_batches
from worker.training.conditions import one_condition_each
from worker.training.contexts import Context, context_column, of_units
from worker.training.gene_join import JoinedGenes, join_genes
from worker.training.gene_vocabulary import GeneVocabulary, gene_vocabulary
from worker.training.label_details import Replicates, label_details
from worker.training.labels import (
    ChosenLabel,
    Standard,
    choose_labels,
    require_values,
    standard_of,
)
from worker.training.partition import partition
from worker.training.repeats import Repeats, repeats_of
from worker.training.split_parts import Partition

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """Observations of one part. `designs` are distinct; labels are on the learned scale.

    `row_R` are the table's rows that went into it, `unit_R` the observation of each, and
    `row_label_RY` their labels as measured.
    """

    designs: tuple[Design, ...]
    design_N: Codes
    group_N: Codes
    label_NY: Floats
    row_count_K: Codes
    batch_NC: Codes
    row_R: Codes
    unit_R: Codes
    row_label_RY: Floats

    def __len__(self) -> int:
        return len(self.design_N)

    def measured(self) -> Floats:
        """Labels of the observations as measured, with the offsets of their batches [N, Y]."""
        columns = [_nan_mean(value_R, self.unit_R, len(self)) for value_R in self.row_label_RY.T]
        return np.stack(columns, axis=1)

    def design_means(self) -> Floats:
        """Mean of each design's observations [K, Y]; NaN where it has no label."""
        total_KY = np.zeros((len(self.designs), self.label_NY.shape[1]))
        count_KY = np.zeros_like(total_KY)
        present_NY = ~np.isnan(self.label_NY)
        np.add.at(total_KY, self.design_N, np.where(present_NY, self.label_NY, 0.0))
        np.add.at(count_KY, self.design_N, present_NY)
        return np.where(count_KY > 0, total_KY / np.maximum(count_KY, 1), np.nan)


@dataclass(frozen=True)
class TrainingData:
    """Both parts, the labels, and the vocabulary of the training part.

    `batch_counts` says how many batches each covariate of the role batch tells apart; the designs
    of `not_encodable` were to be tested on, `context` says which groups of observations belong
    together, `repeats` what was measured more than once, and `conditions` what the training part
    was measured under. `genes` is what is known of the loci of both parts, `gene_vocabulary` what
    the model reads of it.
    """

    labels: tuple[ChosenLabel, ...]
    standards: tuple[Standard, ...]
    censored_counts: tuple[int, ...]
    index: EditIndex
    train: Part
    test: Part
    split_description: str
    left_out: Mapping[str, int]
    batch_offsets: tuple[BatchOffsets | None, ...]
    batch_counts: tuple[int, ...]
    details: LabelDetails
    not_encodable: tuple[Design, ...]
    context: Context | None
    repeats: Repeats
    genes: JoinedGenes | None = None
    gene_vocabulary: GeneVocabulary | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def vocabulary(self) -> EditIndex:
        """What the model can encode: `index`, and with features of genes more edits after it."""
        return self.index if self.gene_vocabulary is None else self.gene_vocabulary.index

    def standardized(self, part: Part) -> Floats:
        """Labels of a part with the training part's center and spread [N, Y]."""
        center_Y = np.array([s.center for s in self.standards])
        spread_Y = np.array([s.spread for s in self.standards])
        result: Floats = (part.label_NY - center_Y) / spread_Y
        return result


def _nan_mean(value_N: Floats, unit_N: Codes, units: int) -> Floats:
    present_N = ~np.isnan(value_N)
    total_U = np.bincount(unit_N[present_N], weights=value_N[present_N], minlength=units)
    count_U = np.bincount(unit_N[present_N], minlength=units)
    return np.where(count_U > 0, total_U / np.maximum(count_U, 1), np.nan)


def _part(
    table: DesignTable, rows_N: Flags, learned_NY: Floats, batch_covariates: Sequence[str]
) -> Part:
    """Average replicates; keep each design once, in the order of the genotypes."""
    keys = [table.design_N, table.group_N, table.build_N]
    keys += [table.covariates[name].code_N for name in batch_covariates]
    key_NK = np.stack([key[rows_N] for key in keys], axis=1)
    unit_UK, unit_N = np.unique(key_NK, axis=0, return_inverse=True)
    unit_N = unit_N.reshape(-1)
    kept, design_U = np.unique(unit_UK[:, 0], return_inverse=True)
    columns = [_nan_mean(column_N, unit_N, len(unit_UK)) for column_N in learned_NY[rows_N].T]
    return Part(
        designs=tuple(table.designs[k] for k in kept),
        design_N=design_U.reshape(-1),
        group_N=unit_UK[:, 1],
        label_NY=np.stack(columns, axis=1),
        row_count_K=np.bincount(table.design_N[rows_N], minlength=len(table.designs))[kept],
        batch_NC=unit_UK[:, 3:],
        row_R=np.flatnonzero(rows_N),
        unit_R=unit_N,
        row_label_RY=learned_NY[rows_N],
    )


def _require_one_background(table: DesignTable, rows_N: Flags, split: Split) -> None:
    by_background = isinstance(split, BackgroundSplit)
    codes_N = table.background_N[rows_N] if by_background else table.background_N
    backgrounds = [table.backgrounds[code] for code in np.unique(codes_N)]
    if len(backgrounds) > 1:
        names = ", ".join(b or "(unnamed)" for b in backgrounds[:10])
        part, remedy = "table", "upload one data set a background"
        if by_background:
            part, remedy = "training part", "name one of them in split.train"
        raise InvalidArgumentError(
            f"the {part} holds {len(backgrounds)} backgrounds ({names}); a model has one "
            f"reference: {remedy}"
        )


def _encodable(table: DesignTable, parts: Partition, index: EditIndex) -> Flags:
    known_K = np.array([index.knows(design) for design in table.designs], dtype=bool)
    test_N: Flags = parts.test_N & known_K[table.design_N]
    if parts.test_N.any() and not test_N.any():
        message = (
            "the test part is empty: each of its designs has an edit that the training part lacks, "
            "and without features of genes a model cannot predict those. Hold out designs rather "
            "than genes (a random split needs edits that several designs hold), or set "
            "keep_singles of a split by gene"
        )
        raise InvalidArgumentError(f"split: {message}", [Offender(field="split", message=message)])
    return test_N


def _in_average_batch(
    part: Part,
    learned_NY: Floats,
    labels: Sequence[ChosenLabel],
    table: DesignTable,
    batch: Sequence[str],
) -> tuple[Part, tuple[BatchOffsets | None, ...]]:
    """The training part with its labels less the offsets of their batches.

    Interaction labels are left as they are: their zero has a meaning.
    """
    label_NY = part.label_NY.copy()
    offsets: list[BatchOffsets | None] = [None for _ in labels]
    levels = {name: table.covariates[name].values for name in batch}
    for y, label in enumerate(labels):
        if not batch or label.measure_order or np.isnan(label_NY[:, y]).all():
            continue
        label_N = label_NY[:, y].copy()
        rows = Replication.of(learned_NY[part.row_R, y], part.unit_R, label_N)
        found = estimate_offsets(part.design_N, label_N, rows, part.batch_NC, levels)
        label_NY[:, y] -= found.offset_N
        offsets[y] = found
    return replace(part, label_NY=label_NY), tuple(offsets)


def _context(
    table: DesignTable, split: Split, batch: Sequence[str], parts: tuple[Part, Part]
) -> Context | None:
    found = context_column(table, split, batch)
    if found is None:
        return None
    name, column = found
    codes = [of_units(column.code_N[p.row_R], p.unit_R, len(p)) for p in parts]
    return Context(name, column.values, codes[0], codes[1])


def _learned(labels: Sequence[ChosenLabel], raw: Sequence[Floats], used_N: Flags) -> Floats:
    """Values as they are learned [N, Y]; NaN of rows that are in neither part."""
    columns = zip(labels, raw, strict=True)
    return np.stack([one.apply(np.where(used_N, v, np.nan)) for one, v in columns], axis=1)


def _censored_counts(
    labels: Sequence[ChosenLabel], raw: Sequence[Floats], train_N: Flags
) -> tuple[int, ...]:
    return tuple(one.censored(v[train_N]) for one, v in zip(labels, raw, strict=True))


def prepare(
    spec: TrainingSpec,
    table: DesignTable,
    columns: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn],
    genes: ChosenGenes | None = None,
) -> TrainingData:
    """Choose, split, transform and standardise.

    Test designs with an edit that the training part lacks cannot be encoded: they are left out
    of the test part and counted.

    Raises:
        InvalidArgumentError: the spec does not fit the table; the message says where.
    """
    labels = choose_labels(spec.labels, columns, table.labels)
    loci = {edit.locus for design in table.designs for edit in design.edits}
    joined = None if genes is None else join_genes(genes, loci)
    parts = partition(table, spec.split, [c.name for c in covariates if c.role == "condition"])
    raw = [table.labels[label.column.name] for label in labels]
    used_N = parts.train_N | parts.test_N
    learned_NY = _learned(labels, raw, used_N)
    known = [c for c in covariates if c.name in table.covariates and c.known_at == "design"]
    _require_one_background(table, parts.train_N, spec.split)
    conditions = one_condition_each(table, parts.train_N, known)
    batch = [c.name for c in known if c.role == "batch"]
    labelled_N = ~np.isnan(learned_NY).all(axis=1)
    train = _part(table, parts.train_N & labelled_N, learned_NY, batch)
    require_values(labels, train.label_NY)
    require_batches(spec.loss, train.batch_NC)
    index = EditIndex.of(train.designs)
    train, offsets = _in_average_batch(train, learned_NY, labels, table, batch)
    vocabulary = gene_vocabulary(spec.model, index, joined, table.designs)
    known_index = index if vocabulary is None else vocabulary.index
    test_N = _encodable(table, parts, known_index) & labelled_N
    unknown = np.unique(table.design_N[parts.test_N & labelled_N & ~test_N])
    test = _part(table, test_N, learned_NY, batch)
    standards = tuple(standard_of(label, train.label_NY[:, y]) for y, label in enumerate(labels))
    replicates = Replicates(table, train.row_R, train.unit_R, len(train))
    return TrainingData(
        labels=labels,
        standards=standards,
        censored_counts=_censored_counts(labels, raw, parts.train_N),
        index=index,
        train=train,
        test=test,
        split_description=parts.description,
        batch_offsets=offsets,
        batch_counts=tuple(len(table.covariates[name].values) for name in batch),
        left_out={**parts.left_out, "design_with_unseen_edit_count": len(unknown)},
        not_encodable=tuple(table.designs[k] for k in unknown),
        context=_context(table, spec.split, batch, (train, test)),
        repeats=repeats_of(table, labels, covariates),
        details=label_details(spec.loss.regression, replicates, labels, standards),
        genes=joined,
        gene_vocabulary=vocabulary,
        conditions=conditions,
    )


def as_read_by(model: ModelSpec, data: TrainingData, table: DesignTable) -> TrainingData | None:
    """The same data for another model; None where the two encode other edits.

    All models that read genes encode the same edits, and so do all that read none.
    """
    vocabulary = gene_vocabulary(model, data.index, data.genes, table.designs)
    if (vocabulary is None) != (data.gene_vocabulary is None):
        return None
    return replace(data, gene_vocabulary=vocabulary)
