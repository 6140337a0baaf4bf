"""Tables of the caller's own, sent as Arrow: whatever speaks Arrow's C stream interface.

That is a pyarrow `Table`, a polars or (from 2.2) pandas `DataFrame`, a DuckDB relation. pyarrow is
imported here alone, and only where a table is given.
Source: the Arrow PyCapsule interface, arrow.apache.org/docs/format/CDataInterface.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from service.client.transport import Transport
from service.contract.errors import InvalidArgumentError
from service.contract.score_tables import DESIGN_COLUMNS, TableForm

if TYPE_CHECKING:
    import pyarrow as pa


@runtime_checkable
class ArrowTable(Protocol):
    """A table that other libraries can read without a copy."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> Any:  # noqa: ANN401
        """A capsule with the rows."""


def stream_of(table: ArrowTable, column: str | None) -> bytes:
    """The designs of a table as an Arrow IPC stream: `column`, or the first with a usual name.

    Raises:
        InvalidArgumentError: it has no such column.
    """
    import pyarrow as pa

    rows = pa.RecordBatchReader.from_stream(table).read_all()
    usual = {name.casefold(): name for name in reversed(rows.column_names)}
    found = column or next((usual[name] for name in DESIGN_COLUMNS if name in usual), None)
    if found is None or rows.column_names.count(found) != 1:
        wanted = column or ", ".join(DESIGN_COLUMNS)
        raise InvalidArgumentError(
            f"the table has no column {wanted}, or several: say in `column` which holds the "
            f"designs; it has {', '.join(rows.column_names)}"
        )
    designs = rows.select([found])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, designs.schema) as writer:
        writer.write_table(designs)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def score_table(
    transport: Transport,
    path: str,
    table: ArrowTable,
    column: str | None,
    options: Mapping[str, object],
) -> "pa.Table":
    """The scores of a table's designs, a row a design.

    Raises:
        CellgebraError: what the service answered, or that it did not.
    """
    import pyarrow as pa

    headers = dict.fromkeys(("Content-Type", "Accept"), TableForm.ARROW_STREAM.value)
    content = stream_of(table, column)
    parameters = {**options, "column": column}
    answer = transport.send("POST", path, parameters, content=content, headers=headers)
    return pa.ipc.open_stream(answer.content).read_all()
