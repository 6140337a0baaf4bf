"""Tables of the caller's own: whatever speaks Arrow's C stream interface, sent as Arrow or Parquet.

That is a pandas (from 2.2) or polars `DataFrame`, a pyarrow `Table`, a DuckDB relation. Scores of
one come back in the same library, and those of an `anndata.AnnData` in pandas. Of that the frame of
its observations, or of its variables, is meant. pyarrow, pandas and polars are imported here alone,
and only where a table is given or asked for; anndata is not, as whoever gives one has it.
Source: the Arrow PyCapsule interface, arrow.apache.org/docs/format/CDataInterface.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.score_tables import DESIGN_COLUMNS, TableForm

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

PandasFrame: TypeAlias = "pd.DataFrame"
PolarsFrame: TypeAlias = "pl.DataFrame"

# What pandas calls the rows' own names where nobody has named them: no measurement.
_UNNAMED_INDEX = "__index_level_"
# What the index of an AnnData is called where it has no name; the second if a column has the first.
_INDEX_NAMES = ("index", "_index")


@runtime_checkable
class ArrowTable(Protocol):
    """A table that other libraries can read without a copy."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:  # noqa: ANN401
        """A capsule with the rows."""


@runtime_checkable
class AnnotatedTable(Protocol):
    """An `anndata.AnnData`: `obs` has a row an observation (a design, a cell), `var` one a gene."""

    @property
    def obs(self) -> Any: ...  # noqa: ANN401 - a pandas frame

    @property
    def var(self) -> Any: ...  # noqa: ANN401 - a pandas frame


Part = Literal["obs", "var"]
Frame = ArrowTable | AnnotatedTable


def parquet_of(table: Frame, part: Part = "obs") -> bytes:
    """A table as a Parquet file: what an upload sends. `part` is meant of an AnnData.

    Raises:
        InvalidArgumentError: its columns cannot be sent: two of one name, several types in one.
        FailedPreconditionError: pyarrow is not installed.
    """
    rows = _arrow_of(table if isinstance(table, ArrowTable) else part_of(table, part))
    sink = io.BytesIO()
    _library("pyarrow.parquet").write_table(rows, sink, compression="zstd")
    return sink.getvalue()


def part_of(annotated: AnnotatedTable, part: Part) -> ArrowTable:
    """`obs` or `var` of an AnnData with its index as the first column.

    That column is called as the index; where it has no name `index`, or `_index` where a column
    is called so.

    Raises:
        InvalidArgumentError: it has no row, or two columns of one name.
    """
    frame = getattr(annotated, part)
    if not isinstance(frame, ArrowTable):
        raise InvalidArgumentError(
            f"{part} of the AnnData is a {type(frame).__name__}, not a pandas frame (from 2.2): "
            "load it into memory first (adata.to_memory())"
        )
    pandas: Any = frame
    if not len(pandas):
        raise InvalidArgumentError(f"{part} of the AnnData has no row: there is nothing to send")
    named = [str(name) for name in pandas.columns]
    free = next((name for name in _INDEX_NAMES if name not in named), _INDEX_NAMES[0])
    index = free if pandas.index.name is None else str(pandas.index.name)
    twice = sorted({name for name in named if named.count(name) > 1} | ({index} & {*named}))
    if twice:
        raise InvalidArgumentError(
            f"{part} of the AnnData (with its index {index}) has more than one column of the name "
            f"{', '.join(twice)}: rename one, or the index by adata.{part}.index.name = ..."
        )
    whole: ArrowTable = pandas.rename_axis(index).reset_index()
    return whole


def question_of(
    table: ArrowTable, column: str | None, options: Mapping[str, object]
) -> dict[str, Any]:
    """What is sent to have a table scored: parameters, content and headers.

    Raises:
        InvalidArgumentError: it has no column of designs.
        FailedPreconditionError: pyarrow is not installed.
    """
    headers = dict.fromkeys(("Content-Type", "Accept"), TableForm.ARROW_STREAM.value)
    content = stream_of(table, column)
    return {"parameters": {**options, "column": column}, "content": content, "headers": headers}


def answer_of(content: bytes, like: ArrowTable) -> Any:  # noqa: ANN401 - of the library of `like`
    """The scores in an answer, as a table of the library that the question came from."""
    rows = _library("pyarrow").ipc.open_stream(content).read_all()
    library = type(like).__module__.partition(".")[0]
    if library == "pandas":
        return rows.to_pandas()
    return _library("polars").from_arrow(rows) if library == "polars" else rows


def stream_of(table: ArrowTable, column: str | None) -> bytes:
    """The designs of a table as an Arrow IPC stream: `column`, or the first with a usual name.

    Raises:
        InvalidArgumentError: it has no such column.
        FailedPreconditionError: pyarrow is not installed.
    """
    rows = _arrow_of(table)
    designs = rows.select([_design_column(rows.column_names, column)])
    arrow = _library("pyarrow")
    sink = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(sink, designs.schema) as writer:
        writer.write_table(designs)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _design_column(names: Sequence[str], column: str | None) -> str:
    usual = {name.casefold(): name for name in reversed(names)}
    found = column or next((usual[name] for name in DESIGN_COLUMNS if name in usual), None)
    if found is None or names.count(found) != 1:
        wanted = column or ", ".join(DESIGN_COLUMNS)
        raise InvalidArgumentError(
            f"the table has no column {wanted}, or several: say in `column` which holds the "
            f"designs; it has {', '.join(names)}"
        )
    return found


@dataclass(frozen=True)
class ObservedDesigns:
    """The designs of the observations of an AnnData, each once, and where each of them stands."""

    designs: list[str]
    _codes: Any
    _names: Any

    def aligned(self, scores: PandasFrame) -> PandasFrame:
        """Scores of the designs as those of the observations, by their names."""
        frame: PandasFrame = scores.iloc[self._codes].set_axis(self._names)
        return frame


def observed_designs(annotated: AnnotatedTable, column: str | None) -> ObservedDesigns:
    """What stands in a column of `obs`, or in its index: as in an upload.

    Raises:
        InvalidArgumentError: there is no such column, or no design in one of its rows.
    """
    frame: Any = part_of(annotated, "obs")
    found = _design_column([str(name) for name in frame.columns], column)
    codes, designs = frame.set_axis(frame.columns.map(str), axis=1)[found].factorize()
    lacking = int((codes < 0).sum())
    if lacking:
        raise InvalidArgumentError(
            f"{found} of obs is missing in {lacking:,} of {len(codes):,} rows: leave them out, or "
            'write "" where it is the reference'
        )
    return ObservedDesigns(list(designs), codes, annotated.obs.index)


def pandas_frame(columns: Mapping[str, Sequence[object]]) -> PandasFrame:
    """Columns as a pandas frame.

    Raises:
        FailedPreconditionError: pandas is not installed.
    """
    frame: PandasFrame = _library("pandas").DataFrame(dict(columns))
    return frame


def polars_frame(columns: Mapping[str, Sequence[object]]) -> PolarsFrame:
    """Columns as a polars frame.

    Raises:
        FailedPreconditionError: polars is not installed.
    """
    frame: PolarsFrame = _library("polars").DataFrame(dict(columns))
    return frame


def _arrow_of(table: ArrowTable) -> "pa.Table":
    arrow = _library("pyarrow")
    try:
        rows = arrow.RecordBatchReader.from_stream(table).read_all()
    except arrow.ArrowException as error:  # of a column of pandas that holds several types
        raise InvalidArgumentError(f"the table cannot be sent: {error}") from None
    kept = [name for name in rows.column_names if not name.startswith(_UNNAMED_INDEX)]
    return rows if len(kept) == rows.num_columns else rows.select(kept)


def _library(name: str) -> Any:  # noqa: ANN401 - a module
    """A library that the client does not need otherwise.

    Raises:
        FailedPreconditionError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise FailedPreconditionError(
            f"tables of this kind need {package}: pip install {package}"
        ) from error
