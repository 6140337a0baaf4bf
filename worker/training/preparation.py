"""From a table and a spec to what a model is fitted on."""

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
from worker.training.observations import Part, part_of
from worker.training.partition import partition
from worker.training.repeats import Repeats, repeats_of
from worker.training.split_parts import Partition

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


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
    train = part_of(table, parts.train_N & labelled_N, learned_NY, batch)
    require_values(labels, train.label_NY)
    require_batches(spec.loss, train.batch_NC)
    index = EditIndex.of(train.designs)
    train, offsets = _in_average_batch(train, learned_NY, labels, table, batch)
    vocabulary = gene_vocabulary(spec.model, index, joined, table.designs)
    known_index = index if vocabulary is None else vocabulary.index
    test_N = _encodable(table, parts, known_index) & labelled_N
    unknown = np.unique(table.design_N[parts.test_N & labelled_N & ~test_N])
    test = part_of(table, test_N, learned_NY, batch)
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
