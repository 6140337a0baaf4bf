"""Parquet whose few bytes say that they are any number of equal rows: a run length of each column.

Every row group points at the same pages.
"""

import struct

from tests.worker.data.parquet_bytes import (
    BYTE_ARRAY,
    DICTIONARY,
    DOUBLE,
    Column,
    data_page,
    dictionary_page,
    file_of,
    run,
)

LONGEST_RUN = 2**31 - 1


def run_of(name, value, rows, groups=1):
    """A file of a column `name` of texts and a column `y` of numbers: `groups` times `rows`."""
    word = value.encode()
    return file_of(
        [
            equal(name, BYTE_ARRAY, struct.pack("<I", len(word)) + word, rows),
            equal("y", DOUBLE, struct.pack("<d", 1.0), rows),
        ],
        rows,
        groups,
    )


def equal(name, kind, entry, rows):
    """A column of one value: its dictionary of one, and a run."""
    pages = (dictionary_page(entry, 1), data_page(run(rows), rows, DICTIONARY))
    return Column(name, kind, pages, has_dictionary=True)
