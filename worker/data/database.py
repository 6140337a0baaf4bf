"""A DuckDB database in memory that spills to disk, and whose queries end when they are asked to."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from worker.data.errors import IngestStoppedError

_MEMORY_LIMIT = "256MB"
_THREADS = 2
_LOOK_SECONDS = 0.1


@contextmanager
def open_database(
    spill: Path, should_stop: Callable[[], bool]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database that spills into the folder `spill`; both go with the block.

    Raises:
        IngestStoppedError: `should_stop` returned true while a query ran.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": _THREADS,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    try:
        with duckdb.connect(config=config) as connection:
            # After two seconds it would draw on the worker's standard output.
            connection.execute("SET enable_progress_bar = false")
            with _interrupting(connection, should_stop):
                yield connection
    except duckdb.InterruptException as error:
        raise IngestStoppedError("the ingest was stopped") from error
    finally:
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def _interrupting(
    connection: duckdb.DuckDBPyConnection, should_stop: Callable[[], bool]
) -> Iterator[None]:
    """Ask `should_stop` beside the queries: one over 46 million rows takes a minute.

    An interrupt reaches the query that runs, if any; so it is sent again until the block ends.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            if should_stop():
                connection.interrupt()

    thread = threading.Thread(target=look, name="interrupt", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
