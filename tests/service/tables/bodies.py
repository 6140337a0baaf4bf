"""Tables as bodies of requests, in each form."""

import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.score_tables import TableForm

FORMS = list(TableForm)


def body_of(table, form, *, chunk_rows=None, compression=None):
    """The bytes of a table; `chunk_rows` to a record batch or row group."""
    sink = pa.BufferOutputStream()
    if form is TableForm.PARQUET:
        pq.write_table(
            table,
            sink,
            row_group_size=chunk_rows,
            compression=compression or "none",
            write_page_checksum=True,
        )
        return sink.getvalue().to_pybytes()
    opened = pa.ipc.new_stream if form is TableForm.ARROW_STREAM else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with opened(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=chunk_rows)
    return sink.getvalue().to_pybytes()


def designs(texts, **columns):
    return pa.table({"genotype": texts, **columns})
