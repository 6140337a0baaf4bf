"""Genotypes of designs that are a matrix: one column a locus, perhaps thousands of them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from service.contract.designs import Edit, encode_name, format_level
from worker.data.batch import Batch, Problems
from worker.data.cells import read_numbers, read_presence
from worker.data.found_edits import join_rows
from worker.data.parse import GeneMatrix

# Rows x loci.
Levels = npt.NDArray[np.float64]


def read_matrix(design: GeneMatrix, batch: Batch, problems: Problems) -> pa.StringArray:
    """Genotypes of the rows; those of bad rows mean nothing."""
    spec = design.spec
    columns = [batch.columns[name] for name in design.columns]
    is_text = all(pa.types.is_string(column.type) for column in columns)
    read = _read_texts if is_text else _read_columns
    levels = read(design, columns, problems)
    # Loci are sorted, so the edits of a row come in canonical order.
    if spec.coding == "presence":
        rows, loci = np.nonzero(levels == 1.0)
        texts = pa.array([str(Edit(locus=locus, kind=spec.kind)) for locus in design.loci])
        edits = texts.take(pa.array(loci))
    else:
        rows, loci = np.nonzero(~np.isnan(levels) & (levels != spec.reference_level))
        edits = pa.array(_level_texts(design, loci, levels[rows, loci]), pa.string())
    return join_rows(np.bincount(rows, minlength=len(batch.rows)), edits)


def _read_columns(design: GeneMatrix, columns: list[pa.Array], problems: Problems) -> Levels:
    read = read_presence if design.spec.coding == "presence" else read_numbers
    named = zip(columns, design.columns, strict=True)
    return np.column_stack([read(column, name, problems) for column, name in named])


def _read_texts(design: GeneMatrix, columns: list[pa.Array], problems: Problems) -> Levels:
    """As `_read_columns`, but each distinct text of all the columns is parsed once."""
    read = read_presence if design.spec.coding == "presence" else read_numbers
    cells = pa.concat_arrays(columns).dictionary_encode(null_encoding="encode")
    codes = cells.indices.to_numpy().reshape(len(columns), -1).T
    distinct = Problems(np.arange(len(cells.dictionary)))
    values = read(cells.dictionary, "", distinct)
    problems.mark(np.flatnonzero(distinct.bad[codes].any(axis=1)))
    for offender in distinct.offenders:
        rows, loci = np.nonzero(codes == offender.row)
        for locus in np.unique(loci).tolist():
            problems.add(
                rows[loci == locus],
                offender.message,
                column=design.columns[locus],
                values=[offender.value] * len(rows),
            )
    levels: Levels = values[codes]
    return levels


def _level_texts(
    design: GeneMatrix, loci: npt.NDArray[np.int64], levels: npt.NDArray[np.float64]
) -> list[str]:
    starts = [f"{encode_name(locus)}:{design.spec.kind}@" for locus in design.loci]
    shown = (levels + 0.0).tolist()  # -0.0 would have a second text
    return [
        starts[locus] + format_level(level)
        for locus, level in zip(loci.tolist(), shown, strict=True)
    ]
