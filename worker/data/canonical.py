"""Turns a batch of an uploaded table into rows of the canonical table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.designs import Edit, encode_name, format_level
from worker.data.batch import Batch, Problems
from worker.data.cells import read_booleans, read_numbers, read_presence, read_text
from worker.data.mapping import GeneMatrix, LabelSource, TableMapping
from worker.data.parse import BadCell, BadCellError, Cell, DesignReader

# Genotypes are remembered up to this many characters, then forgotten all at once.
_REMEMBERED_CHARACTERS = 32 << 20


def canonical_schema(mapping: TableMapping) -> pa.Schema:
    """Columns of the canonical table, in order."""
    text = ("genotype", "background", "group", "build", "replicate")
    fields = [pa.field("row", pa.int64()), *(pa.field(name, pa.string()) for name in text)]
    fields.append(pa.field("is_control", pa.bool_()))
    for label in mapping.labels:
        fields.append(pa.field(f"label.{label.name}", pa.float64()))
        if label.sd_column is not None:
            fields.append(pa.field(f"sd.{label.name}", pa.float64()))
    names = [covariate.name for covariate in mapping.spec.covariates]
    fields += [pa.field(f"covariate.{name}", pa.string()) for name in names]
    return pa.schema(fields)


@dataclass
class Canonicalizer:
    """Reads batches by a mapping; remembers the designs that it has parsed."""

    mapping: TableMapping
    _parsed: dict[tuple[Cell, ...], str | BadCell] = field(default_factory=dict)
    _characters: int = 0

    def __post_init__(self) -> None:
        self.schema = canonical_schema(self.mapping)

    def read(self, batch: Batch) -> tuple[pa.RecordBatch, Problems]:
        """Canonical rows of the good rows of a batch, and what is wrong with the others."""
        problems = Problems(batch.rows)
        columns = self._columns(batch, problems)
        table = pa.RecordBatch.from_arrays(
            [columns[name] for name in self.schema.names], schema=self.schema
        )
        if problems.bad.any():
            table = table.filter(pa.array(~problems.bad))
        return table, problems

    def _columns(self, batch: Batch, problems: Problems) -> dict[str, pa.Array]:
        spec = self.mapping.spec
        genotype = self._genotypes(batch, problems)
        columns = {
            "row": pa.array(batch.rows),
            "genotype": genotype,
            "background": _text(batch, spec.background_column).fill_null(""),
            "group": pc.coalesce(_text(batch, spec.group_column), genotype),
            "build": _joined(batch, self.mapping.build_columns),
            "replicate": _text(batch, spec.replicate_column),
            "is_control": _controls(batch, spec.control_column, genotype, problems),
        }
        for label in self.mapping.labels:
            columns |= _label(batch, label, problems)
        for covariate in spec.covariates:
            text = _text(batch, covariate.column)
            columns[f"covariate.{covariate.name}"] = text.fill_null("")
        return columns

    def _genotypes(self, batch: Batch, problems: Problems) -> pa.StringArray:
        design = self.mapping.design
        if isinstance(design, GeneMatrix):
            return _matrix_genotypes(design, batch, problems)
        texts = [read_text(batch.columns[name], name, design.missing) for name in design.columns]
        distinct, inverse = _distinct_rows(texts)
        parsed = [self._parse(cells, design) for cells in distinct]
        is_bad = np.array([isinstance(outcome, BadCell) for outcome in parsed])
        for row in problems.mark(np.flatnonzero(is_bad[inverse])).tolist():
            outcome = parsed[inverse[row]]
            if isinstance(outcome, BadCell):
                problems.list_row(row, *outcome)
        genotypes = [None if isinstance(outcome, BadCell) else outcome for outcome in parsed]
        return pa.array(genotypes, pa.string()).take(pa.array(inverse)).fill_null("")

    def _parse(self, cells: tuple[Cell, ...], design: DesignReader) -> str | BadCell:
        known = self._parsed.get(cells)
        if known is not None:
            return known
        outcome: str | BadCell
        try:
            outcome = design.genotype(cells)
        except BadCellError as error:
            outcome = error.cell
        if self._characters > _REMEMBERED_CHARACTERS:
            self._parsed.clear()
            self._characters = 0
        # A tuple, its texts and a place in the dictionary cost some 300 bytes.
        self._characters += 300 + sum(len(cell) for cell in cells if cell is not None)
        self._parsed[cells] = outcome
        return outcome


def _distinct_rows(
    texts: Sequence[pa.StringArray],
) -> tuple[list[tuple[Cell, ...]], npt.NDArray[np.int64]]:
    """Distinct combinations of cells, and for each row the combination that it holds."""
    inverse = np.zeros(len(texts[0]), dtype=np.int64)
    values: list[list[Cell]] = []
    codes = []
    for text in texts:
        encoded = text.dictionary_encode()
        # Null is code 0.
        code = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        values.append([None, *encoded.dictionary.to_pylist()])
        codes.append(code)
        # Renumbering at every column keeps the codes below rows x values: no overflow.
        _, inverse = np.unique(inverse * len(values[-1]) + code, return_inverse=True)
    _, first = np.unique(inverse, return_index=True)
    distinct = [
        tuple(value[code[row]] for value, code in zip(values, codes, strict=True))
        for row in first.tolist()
    ]
    return distinct, inverse


def _matrix_genotypes(design: GeneMatrix, batch: Batch, problems: Problems) -> pa.StringArray:
    spec = design.spec
    read = read_presence if spec.coding == "presence" else read_numbers
    levels = np.empty((len(batch.rows), len(design.columns)))
    for index, name in enumerate(design.columns):
        levels[:, index] = read(batch.columns[name], name, problems)
    if spec.coding == "presence":
        rows, loci = np.nonzero(levels == 1.0)
        texts = [str(Edit(locus=locus, kind=spec.kind)) for locus in design.loci]
        edits = [texts[locus] for locus in loci.tolist()]
    else:
        rows, loci = np.nonzero(~np.isnan(levels) & (levels != spec.reference_level))
        starts = [f"{encode_name(locus)}:{spec.kind}@" for locus in design.loci]
        shown = (levels[rows, loci] + 0.0).tolist()  # -0.0 would have a second text
        edits = [
            starts[locus] + format_level(level)
            for locus, level in zip(loci.tolist(), shown, strict=True)
        ]
    ends = np.cumsum(np.bincount(rows, minlength=len(batch.rows))).tolist()
    # Loci are sorted, so the edits of a row are in canonical order.
    joined = ["+".join(edits[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    return pa.array(joined, pa.string())


def _text(batch: Batch, column: str | None) -> pa.StringArray:
    if column is None:
        return pa.nulls(len(batch.rows), pa.string())
    return read_text(batch.columns[column], column)


def _joined(batch: Batch, columns: Sequence[str]) -> pa.StringArray:
    if not columns:
        return _text(batch, None)
    return pc.binary_join_element_wise(*(_text(batch, name) for name in columns), " x ")


def _controls(
    batch: Batch, column: str | None, genotype: pa.StringArray, problems: Problems
) -> pa.BooleanArray:
    """The control column; without one, the reference is the control."""
    if column is None:
        return pc.equal(genotype, "")
    return pa.array(read_booleans(batch.columns[column], column, problems))


def _label(batch: Batch, label: LabelSource, problems: Problems) -> dict[str, pa.Array]:
    values = read_numbers(batch.columns[label.column], label.column, problems)
    if label.only is not None:
        column, wanted = label.only
        cells = pc.utf8_lower(_text(batch, column)).fill_null("")
        elsewhere = pc.not_equal(cells, wanted).to_numpy(zero_copy_only=False)
        values = np.where(elsewhere, np.nan, values)
    columns = {f"label.{label.name}": pa.array(values)}
    if label.sd_column is not None:
        cells = batch.columns[label.sd_column]
        sd = read_numbers(cells, label.sd_column, problems, smallest=0.0)
        columns[f"sd.{label.name}"] = pa.array(sd)
    return columns
