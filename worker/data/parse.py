"""What the cells of each layout of designs mean: pure functions from cells to edits."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

from service.contract.datasets import (
    EditColumn,
    EditColumns,
    GeneColumns,
    GenotypeColumn,
    KindValue,
)
from service.contract.designs import Edit, EditKind, one_spelling, parse_edit, parse_kind
from service.contract.errors import InvalidDesignError

# A cell as read: trimmed text, None where it is missing.
Cell = str | None
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


@dataclass(frozen=True)
class TextDesign:
    """A column of texts whose parts, split at `separator`, are edits."""

    column: str
    separator: str
    read: Callable[[str], Edit]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that hold the design."""
        return (self.column,)


@dataclass(frozen=True)
class CellGroup:
    """Cells that together tell some edits (none, if they say so)."""

    columns: tuple[str, ...]
    read: Callable[[tuple[Cell, ...]], list[Edit]]


@dataclass(frozen=True)
class CellsDesign:
    """Groups of cells whose edits make up the design.

    `order_column` says how many edits that must be; `orders` maps its values.
    """

    groups: tuple[CellGroup, ...]
    order_column: str | None = None
    orders: tuple[tuple[str, int], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that hold the design."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group.columns))


@dataclass(frozen=True)
class GeneMatrix:
    """Designs as a matrix: `loci[i]` is told by `columns[i]`; sorted by locus."""

    columns: tuple[str, ...]
    loci: tuple[str, ...]
    spec: GeneColumns


DesignSource = TextDesign | CellsDesign | GeneMatrix


def text_design(spec: GenotypeColumn) -> TextDesign:
    """Designs as text in one column."""
    kind = spec.kind
    if kind is None:
        return TextDesign(spec.column, spec.separator, parse_edit)

    def read(name: str) -> Edit:
        return Edit(locus=_bare_name(name.strip(), spec.column), kind=kind)

    return TextDesign(spec.column, spec.separator, read)


def cells_design(spec: EditColumns) -> CellsDesign:
    """Designs spread over columns, one edit each."""
    return CellsDesign(tuple(_cell_group(part) for part in spec.columns))


def _cell_group(spec: EditColumn) -> CellGroup:
    columns = _columns_of(spec)

    def read(cells: tuple[Cell, ...]) -> list[Edit]:
        edit = _read_edit(spec, dict(zip(columns, cells, strict=True)))
        return [] if edit is None else [edit]

    return CellGroup(columns, read)


def _columns_of(spec: EditColumn) -> tuple[str, ...]:
    names = (spec.locus_column, spec.kind_column, spec.variant_column, spec.level_column)
    return tuple(dict.fromkeys(name for name in names if name is not None))


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
        variant=_one_spelling(variant, spec.variant_column) if variant else kind.variant,
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
        name = unquote(cell, errors="strict")
    except UnicodeDecodeError:
        raise BadCellError("not percent-encoded UTF-8", column, cell) from None
    return _one_spelling(name, column)


def _bare_name(name: str, column: str) -> str:
    """A locus within a text of loci, where no encoding is understood."""
    if not name:
        raise BadCellError("a locus name is empty (a separator too many?)", column, name)
    if found := _RESERVED_OR_PERCENT.search(name):
        _refuse(name, found[0], column, "is the separator another one, or are these edits?")
    return _one_spelling(name, column)


def _one_spelling(name: str, column: str | None) -> str:
    try:
        return one_spelling(name)
    except InvalidDesignError as error:
        raise BadCellError(error.detail, column, name) from None


def _refuse(cell: str, sign: str, column: str, advice: str) -> NoReturn:
    message = f"the reserved character {sign!r} is inside a locus name: {advice}"
    raise BadCellError(message, column, cell)
