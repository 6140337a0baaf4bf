"""Turns a batch of an uploaded table into rows of the canonical table."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from worker.data.batch import Batch, Problems
from worker.data.cells import read_booleans, read_numbers, read_text
from worker.data.genotypes import GenotypeReader
from worker.data.mapping import LabelSource, TableMapping


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


class Canonicalizer:
    """Reads batches by a mapping; remembers the edits that it has parsed."""

    def __init__(self, mapping: TableMapping) -> None:
        self.mapping = mapping
        self.schema = canonical_schema(mapping)
        self._genotypes = GenotypeReader(mapping.design)

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
        genotype = self._genotypes.read(batch, problems)
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
