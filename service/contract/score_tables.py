"""Tables in the body of a score and of its answer: in which forms, and how large."""

from enum import StrEnum


class TableForm(StrEnum):
    """A form that a table has in a body, by its media type."""

    ARROW_STREAM = "application/vnd.apache.arrow.stream"
    ARROW_FILE = "application/vnd.apache.arrow.file"
    PARQUET = "application/vnd.apache.parquet"


# The first of these columns holds the designs, where nobody says which does.
DESIGN_COLUMNS = ("genotype", "design", "edits", "perturbations")

MAX_TABLE_COLUMNS = 1_000
MAX_TEXT_BYTES = 16 * 2**20
# Of the process that reads it, beside what it needs anyway: a small body may unpack to anything.
MAX_READING_BYTES = 512 * 2**20
LISTED_ROWS = 200
