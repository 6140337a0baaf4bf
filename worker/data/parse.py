"""Turns the cells that describe designs into canonical genotypes.

Every layout is a pure function of some cells, so each distinct combination is parsed once.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

from service.contract.datasets import EditColumn, EditColumns, GenotypeColumn, KindValue
from service.contract.designs import Design, Edit, EditKind, parse_edit, parse_kind
from service.contract.errors import InvalidDesignError
from worker.data.cells import MISSING

# A cell as read: trimmed text, None where it is missing.
Cell = str | None
_REMEMBERED_PARTS = 1 << 16
_RESERVED = re.compile(r"[+:=@\s]|%(?![0-9A-Fa-f]{2})")
_RESERVED_OR_PERCENT = re.compile(r"[%+:=@\s]")


class BadCell(NamedTuple):
    """What is wrong with a cell, and what may have been meant."""

    message: str
    column: str | None
    value: Cell
    suggestions: tuple[str, ...]


class BadCellError(Exception):
    """A cell that cannot be read as part of a design."""

    def __init__(
        self, message: str, column: str | None, value: Cell, suggestions: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.cell = BadCell(message, column, value, tuple(suggestions))


class Part(NamedTuple):
    """An edit with what the canonical text of a design needs of it, computed once."""

    order_key: tuple[str, str, str, str]
    text: str
    edit: Edit

    @classmethod
    def of(cls, edit: Edit) -> "Part":
        """Prepare an edit."""
        return cls(edit.order_key, str(edit), edit)


@dataclass(frozen=True)
class DesignReader:
    """Which columns hold a design, and how their cells (in this order) become its edits."""

    columns: tuple[str, ...]
    parts: Callable[[tuple[Cell, ...]], list[Part]]
    missing: tuple[str, ...] = MISSING

    def genotype(self, cells: tuple[Cell, ...]) -> str:
        """Canonical genotype of a row's cells.

        Raises:
            BadCellError: a cell is malformed, or edits exclude each other.
        """
        try:
            return canonical_genotype(self.parts(cells))
        except InvalidDesignError as error:
            column = self.columns[0] if len(self.columns) == 1 else None
            shown = " ".join(cell for cell in cells if cell is not None)
            raise BadCellError(error.detail, column, shown) from None


def canonical_genotype(parts: list[Part]) -> str:
    """The same text as `Design.of(edits).genotype`, without the cost of a validated model.

    Raises:
        InvalidDesignError: two edits exclude each other.
    """
    if len({part.edit.locus for part in parts}) < len(parts):
        return Design.of([part.edit for part in parts]).genotype
    return "+".join([part.text for part in sorted(parts, key=itemgetter(0))])


def genotype_reader(spec: GenotypeColumn) -> DesignReader:
    """Designs as text in one column."""

    @lru_cache(_REMEMBERED_PARTS)
    def part(text: str) -> Part:
        if spec.kind is None:
            return Part.of(parse_edit(text))
        return Part.of(Edit(locus=_bare_name(text.strip(), spec.column), kind=spec.kind))

    def read(cells: tuple[Cell, ...]) -> list[Part]:
        (cell,) = cells
        if cell is None:
            return []
        if cell in MISSING:
            message = "an unknown genotype? leave the cell empty where it is the reference"
            raise BadCellError(message, spec.column, cell)
        return [part(text) for text in cell.split(spec.separator)]

    return DesignReader((spec.column,), read, missing=("",))


def edits_reader(spec: EditColumns) -> DesignReader:
    """Designs spread over columns, one edit each."""
    columns = tuple(dict.fromkeys(name for part in spec.columns for name in _columns_of(part)))
    readers = [(_edit_reader(part), _picker(part, columns)) for part in spec.columns]

    def read(cells: tuple[Cell, ...]) -> list[Part]:
        found = [part(*[cells[at] for at in picked]) for part, picked in readers]
        return [part for part in found if part is not None]

    return DesignReader(columns, read)


def _picker(spec: EditColumn, columns: tuple[str, ...]) -> list[int]:
    return [columns.index(name) for name in _columns_of(spec)]


def _edit_reader(spec: EditColumn) -> Callable[..., Part | None]:
    """Reads one edit of the cells of `_columns_of(spec)`."""
    names = _columns_of(spec)

    @lru_cache(_REMEMBERED_PARTS)
    def read(*cells: Cell) -> Part | None:
        edit = _read_edit(spec, dict(zip(names, cells, strict=True)))
        return None if edit is None else Part.of(edit)

    return read


def _columns_of(spec: EditColumn) -> list[str]:
    names = (spec.locus_column, spec.kind_column, spec.variant_column, spec.level_column)
    return [name for name in names if name is not None]


def _read_edit(spec: EditColumn, row: Mapping[str, Cell]) -> Edit | None:
    locus = row[spec.locus_column]
    if locus is None or locus in spec.ignore:
        return None
    kind = _read_kind(spec, row)
    variant = row[spec.variant_column] if spec.variant_column is not None else None
    level = row[spec.level_column] if spec.level_column is not None else None
    return Edit(
        locus=_encoded_name(locus, spec.locus_column),
        kind=kind.kind,
        variant=variant or kind.variant,
        level=None if level is None else _read_level(level, spec.level_column),
    )


def _read_kind(spec: EditColumn, row: Mapping[str, Cell]) -> KindValue:
    if spec.kind is not None:
        return KindValue(kind=spec.kind)
    cell = row[spec.kind_column or ""]
    if cell is None:
        message = f"empty, though {spec.locus_column} names a locus"
        raise BadCellError(message, spec.kind_column, cell)
    if cell in spec.kinds:
        return spec.kinds[cell]
    try:
        return KindValue(kind=parse_kind(cell))
    except InvalidDesignError as error:
        close = get_close_matches(cell, [*spec.kinds, *EditKind], n=3)
        raise BadCellError(error.detail, spec.kind_column, cell, close) from None


def _read_level(cell: str, column: str | None) -> float:
    try:
        level = float(cell)
    except ValueError:
        raise BadCellError("not a number", column, cell) from None
    if not abs(level) < float("inf"):
        raise BadCellError("infinite", column, cell)
    return level


def _encoded_name(cell: str, column: str) -> str:
    """A locus in a column of its own, where names may be percent-encoded."""
    if found := _RESERVED.search(cell):
        _refuse(
            cell, found[0], column, "write % + : = @ and white space percent-encoded (+ is %2B)"
        )
    try:
        return unquote(cell, errors="strict")
    except UnicodeDecodeError:
        raise BadCellError("not percent-encoded UTF-8", column, cell) from None


def _bare_name(name: str, column: str) -> str:
    """A locus within a text of loci, where no encoding is understood."""
    if not name:
        raise BadCellError("a locus name is empty (a separator too many?)", column, name)
    if found := _RESERVED_OR_PERCENT.search(name):
        _refuse(name, found[0], column, "is the separator another one, or are these edits?")
    return name


def _refuse(cell: str, sign: str, column: str, advice: str) -> NoReturn:
    message = f"the reserved character {sign!r} is inside a locus name: {advice}"
    raise BadCellError(message, column, cell)
