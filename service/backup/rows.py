"""Tables as JSON lines, by the columns that the database has: SQLite's can go to PostgreSQL.

Times are UTC in ISO 8601, bytes base64.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, LargeBinary, MetaData, Table, insert, select

from service.backup.manifest import TableFile

_BATCH = 1000
_NOT_DATA = frozenset({"alembic_version"})


def tables_of(connection: Connection) -> list[Table]:
    """Every table that holds data, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name not in _NOT_DATA]
    for table in tables:
        for column in table.columns:
            if isinstance(column.type, JSON):
                column.type.none_as_null = True
    return tables


def write_rows(connection: Connection, table: Table, path: Path) -> TableFile:
    """Write all rows of a table."""
    encoders = {column.name: _encoder(column.type) for column in table.columns}
    digest = hashlib.sha256()
    count = 0
    rows = connection.execution_options(yield_per=_BATCH).execute(select(table))
    with path.open("wb") as file:
        for row in rows.mappings():
            values = {name: encode(row[name]) for name, encode in encoders.items()}
            line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
    return TableFile(row_count=count, sha256=digest.hexdigest())


def read_rows(connection: Connection, table: Table, path: Path) -> None:
    """Insert all rows of a file."""
    decoders = {column.name: _decoder(column.type) for column in table.columns}
    for batch in _batches(path):
        rows = [
            {name: decoders[name](value) for name, value in json.loads(line).items()}
            for line in batch
        ]
        connection.execute(insert(table), rows)


def _batches(path: Path) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    with path.open("rb") as file:
        for line in file:
            batch.append(line)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _encoder(type_: object) -> Callable[[Any], Any]:
    if isinstance(type_, DateTime):
        return _time_text
    if isinstance(type_, LargeBinary):
        return _bytes_text
    return _itself


def _decoder(type_: object) -> Callable[[Any], Any]:
    if isinstance(type_, DateTime):
        return _text_time
    if isinstance(type_, LargeBinary):
        return _text_bytes
    return _itself


def _itself(value: Any) -> Any:  # noqa: ANN401 - a column's value
    return value


def _time_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat()


def _text_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _bytes_text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text_bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
