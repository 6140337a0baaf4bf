"""`obs` or `var` of an `.h5ad` file as a table: what it may hold, and how large it may say it is.

The file comes from anywhere. It is read by h5py alone, by hard links alone, from two or three
groups of known encodings; what is written there is checked before anything of it is read.
Source: anndata.readthedocs.io, "On-disk format", of dataframes 0.1.0 and 0.2.0.
"""

from dataclasses import dataclass

import h5py

from service.contract.errors import BadTableError, Offender
from worker.data.bounded_table import Part
from worker.data.h5ad_chunks import refusal
from worker.data.h5ad_datasets import Values, checked_values, member, text_attribute

MAX_COLUMNS = 2**13
MAX_ROWS = 2**27
MAX_CELLS = 2**28
MAX_CATEGORIES = 2**22
_MAX_NAME_CHARACTERS = 1000
# What the index is called where it has no name; the second if a column has the first.
_INDEX_NAMES = ("index", "_index")
_CATEGORIES = "__categories"
_VERSIONS = {
    "dataframe": ("0.1.0", "0.2.0"),
    "categorical": ("0.2.0",),
    "nullable-integer": ("0.1.0",),
    "nullable-boolean": ("0.1.0",),
    "nullable-string-array": ("0.1.0",),
    "array": ("0.2.0",),
    "string-array": ("0.2.0",),
}


@dataclass(frozen=True)
class Frame:
    """An open data frame: the place of each column by its name, the index first."""

    group: h5py.Group
    part: Part
    members: dict[str, str]
    row_count: int


@dataclass(frozen=True)
class Column:
    """Where its cells are: values, or codes of `categories`; `mask` is true of absent ones."""

    name: str
    values: Values
    mask: Values | None = None
    categories: "Column | None" = None


def open_frame(file: h5py.File, part: Part) -> Frame:
    """The frame `part` of a file.

    Raises:
        BadTableError: it has none, or one that is not read here.
    """
    if part not in file:
        raise BadTableError(
            f"the HDF5 file has no {part}: it is no .h5ad file; a table is TSV, CSV, Parquet or "
            ".h5ad"
        )
    group = member(file, part, part)
    if not isinstance(group, h5py.Group):
        raise refusal(part, "is no group: write the file again by anndata 0.7 or newer")
    version = _require_encoding(group, part, ("dataframe",))
    if len(group) > MAX_COLUMNS:
        raise refusal(part, f"has {len(group):,} columns, and may have {MAX_COLUMNS:,}: drop some")
    names = [_checked_name(part, name) for name in group]
    index = text_attribute(group, part, "_index")
    if index not in names:
        raise refusal(part, f"has no index: its attribute _index names {index!r:.100}")
    if version == "0.1.0":
        names = [name for name in names if name != _CATEGORIES]
    others = [name for name in names if name != index]
    called = next((name for name in _INDEX_NAMES if name not in others), _INDEX_NAMES[0])
    members = {called if index == "_index" else index: index} | {name: name for name in others}
    row_count = _row_count(group, part, index)
    if not row_count:
        raise refusal(part, "has no row")
    if row_count > MAX_ROWS:
        raise refusal(part, f"has {row_count:,} rows, and may have {MAX_ROWS:,}: part it")
    return Frame(group, part, members, row_count)


def find_columns(frame: Frame, wanted: list[str]) -> list[Column]:
    """Where the cells of the wanted columns are, each checked.

    Raises:
        BadTableError: one is of an encoding that is not read here, or they are too many cells.
    """
    if frame.row_count * len(wanted) > MAX_CELLS:
        raise refusal(
            frame.part,
            f"has {frame.row_count:,} rows of {len(wanted):,} columns that are asked for, more "
            f"than {MAX_CELLS:,} cells: name fewer columns in the spec, or part it",
        )
    return [_named(frame, name) for name in wanted]


def _named(frame: Frame, name: str) -> Column:
    """A column; what is wrong with it names it."""
    try:
        return _find_column(frame, name)
    except BadTableError as error:
        offender = Offender(message=error.detail, column=name)
        raise BadTableError(error.detail, [offender]) from None


def _find_column(frame: Frame, name: str) -> Column:
    link = frame.members[name]
    where = f"{frame.part}/{link}"
    found = member(frame.group, link, where)
    if isinstance(found, h5py.Dataset) and "categories" in found.attrs:  # of a frame 0.1.0
        groups = member(frame.group, _CATEGORIES, f"{frame.part}/{_CATEGORIES}")
        values = checked_values(found, where, frame.row_count, kinds=("integer",))
        return Column(name, values, categories=_categories(groups, link, name, frame.part))
    if isinstance(found, h5py.Group) and text_attribute(found, where, "encoding-type") == (
        "categorical"
    ):
        _require_encoding(found, where, ("categorical",))
        codes = member(found, "codes", f"{where}/codes")
        values = checked_values(codes, f"{where}/codes", frame.row_count, kinds=("integer",))
        return Column(name, values, categories=_categories(found, "categories", name, where))
    return _plain(found, name, where, frame.row_count)


def _categories(group: object, link: str, name: str, outer: str) -> Column:
    where = f"{outer}/{link}"
    if not isinstance(group, h5py.Group):
        raise refusal(outer, "should hold categories, and is no group")
    return _plain(member(group, link, where), name, where, None)


def _plain(found: object, name: str, where: str, length: int | None) -> Column:
    """Values, or values and a mask. `length` None: as many as there are, of categories."""
    limit = MAX_CATEGORIES if length is None else length
    if isinstance(found, h5py.Dataset):
        _require_encoding(found, where, ("array", "string-array"))
        return Column(name, checked_values(found, where, length, limit=limit))
    if not isinstance(found, h5py.Group):
        raise refusal(where, "is neither a data set nor a group")
    _require_encoding(found, where, tuple(e for e in _VERSIONS if e.startswith("nullable-")))
    parts = [member(found, part, f"{where}/{part}") for part in ("values", "mask")]
    values = checked_values(parts[0], f"{where}/values", length, limit=limit)
    mask = checked_values(parts[1], f"{where}/mask", len(values), kinds=("boolean",))
    return Column(name, values, mask)


def _row_count(group: h5py.Group, part: str, index: str) -> int:
    found = member(group, index, f"{part}/{index}")
    if isinstance(found, h5py.Group):  # of categories, or of values that may be absent
        inner = "codes" if "codes" in found else "values"
        found = member(found, inner, f"{part}/{index}/{inner}")
    if not isinstance(found, h5py.Dataset) or found.ndim != 1:
        raise refusal(f"{part}/{index}", "is the index, and no list of names")
    return int(found.shape[0])


def _require_encoding(found: h5py.Group | h5py.Dataset, where: str, known: tuple[str, ...]) -> str:
    """The version of an encoding, if it is read here; a data set of a frame 0.1.0 has none."""
    if isinstance(found, h5py.Dataset) and "encoding-type" not in found.attrs:
        return ""
    encoding = text_attribute(found, where, "encoding-type")
    if encoding not in known:
        raise refusal(
            where,
            f"is encoded as {encoding!r:.100}, and only {', '.join(known)} is read here: drop the "
            "column, or write its values as numbers, texts or categories",
        )
    version = text_attribute(found, where, "encoding-version")
    if version not in _VERSIONS[encoding]:
        known_versions = " or ".join(_VERSIONS[encoding])
        raise refusal(where, f"is {encoding} {version!r:.100}, not {known_versions}")
    return version


def _checked_name(part: str, name: str) -> str:
    if len(name) > _MAX_NAME_CHARACTERS:
        raise refusal(part, f"has a column of a name of {len(name):,} characters: {name[:50]}...")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise refusal(part, f"has a column whose name is not UTF-8: {name!a:.200}") from None
    return name
