"""How much memory the process takes that reads an upload."""

import subprocess
import sys

# A process of its own: what other children of the test's took would count.
_READING = """
import resource, sys
from contextlib import closing
from pathlib import Path
from service.contract.errors import BadTableError
from worker.data.sources import open_table

told = ""
try:
    with closing(open_table(Path(sys.argv[1]), "auto")) as table:
        told = sum(len(batch.rows) for batch in table.batches(sys.argv[2:] or table.columns))
except BadTableError as error:
    told = error.detail
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, told)
"""


def peak_of_reading(path, *columns):
    """Peak resident bytes while all or some columns are read; and rows, or why they are not."""
    command = [sys.executable, "-c", _READING, str(path), *columns]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    peak_bytes, _, found = told.strip().partition(" ")
    return int(peak_bytes), found
