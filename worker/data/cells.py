"""Reads whole columns of cells: text, numbers, booleans."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.errors import BadTableError
from worker.data.batch import Mask, Problems

# An empty cell and what spreadsheets, R and pandas write for one.
MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "null", "NULL", "None")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity|nan)$"
_DECIMAL_COMMA = r"^[+-]?\d+,\d+$"
# Beyond this, single precision and sums of squares overflow.
_LARGEST = 1e30
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


def read_text(array: pa.Array, column: str, missing: tuple[str, ...] = MISSING) -> pa.StringArray:
    """Cells as trimmed text; those in `missing` are null.

    Raises:
        BadTableError: the column (of a Parquet file) holds no plain values.
    """
    try:
        text = array.cast(pa.string())
    except pa.ArrowException:
        detail = f"column {column!r} holds {array.type}, not text or numbers"
        raise BadTableError(detail) from None
    text = pc.ascii_trim_whitespace(text)
    is_missing = pc.is_in(text, value_set=pa.array(missing, pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), text)


def read_numbers(
    array: pa.Array, column: str, problems: Problems, *, smallest: float = -np.inf
) -> npt.NDArray[np.float64]:
    """Cells as float64 with NaN for missing ones; text and infinity are problems."""
    if _is_numeric(array.type):
        values = _floats(array.cast(pa.float64(), safe=False))
    else:
        values = _parse_numbers(read_text(array, column), column, problems)
    too_large = np.flatnonzero(np.abs(values) > _LARGEST)
    if len(too_large):
        problems.add(too_large, "infinite, or beyond 1e30", column=column, values=values[too_large])
    too_small = np.flatnonzero(values < smallest)
    if len(too_small):
        problems.add(too_small, f"below {smallest:g}", column=column, values=values[too_small])
    return values


def read_presence(array: pa.Array, column: str, problems: Problems) -> npt.NDArray[np.float64]:
    """Cells as 1 (or true), 0 (or false) and NaN for missing ones; anything else is a problem."""
    if not _is_numeric(array.type):
        text = pc.utf8_lower(read_text(array, column))
        text = pc.replace_substring_regex(text, "^true$", "1")
        array = pc.replace_substring_regex(text, "^false$", "0")
    values = read_numbers(array, column, problems)
    wrong = np.flatnonzero(~(np.isnan(values) | (values == 0.0) | (values == 1.0)))
    if len(wrong):
        message = "neither 0 nor 1; are these levels?"
        problems.add(wrong, message, column=column, values=values[wrong])
    return values


def read_booleans(array: pa.Array, column: str, problems: Problems) -> Mask:
    """Cells as truth values; a missing one is false."""
    text = pc.utf8_lower(read_text(array, column))
    true = pc.is_in(text, value_set=pa.array(_TRUE))
    known = pc.or_(pc.or_(true, pc.is_in(text, value_set=pa.array(_FALSE))), pc.is_null(text))
    wrong = np.flatnonzero(~_mask(known))
    if len(wrong):
        problems.add(
            wrong, "neither true nor false", column=column, values=text.take(wrong).to_pylist()
        )
    return _mask(true)


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def _parse_numbers(
    text: pa.StringArray, column: str, problems: Problems
) -> npt.NDArray[np.float64]:
    try:
        return _floats(text.cast(pa.float64()))
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(text, _NUMBER)
        wrong = np.flatnonzero(~_mask(is_number.fill_null(True)))
        values = text.take(wrong)
        comma = pc.any(pc.match_substring_regex(values, _DECIMAL_COMMA)).as_py()
        hint = " (write decimals with a point)" if comma else ""
        problems.add(wrong, "not a number" + hint, column=column, values=values.to_pylist())
        rest = pc.if_else(is_number, text, pa.scalar(None, pa.string()))
        return _floats(rest.cast(pa.float64()))


def _floats(array: pa.DoubleArray) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = array.fill_null(np.nan).to_numpy(zero_copy_only=False)
    return values


def _mask(array: pa.BooleanArray) -> Mask:
    mask: Mask = array.to_numpy(zero_copy_only=False)
    return mask
