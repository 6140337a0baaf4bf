"""Turns the cells that describe designs into canonical genotypes.

Every layout is a pure function of some cells, so each distinct combination is parsed once.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn
from urllib.parse import unquote

from service.contract.datasets import EditColumn, EditColumns, GenotypeColumn, KindValue
from service.contract.designs import Design, Edit, EditKind, parse_genotype, parse_kind
from service.contract.errors import InvalidDesignError
from worker.data.cells import MISSING

# A cell as read: trimmed text, None where it is missing.
Cell = str | None
_RESERVED = re.compile(r"[+:=@\s]|%(?![0-9A-Fa-f]{2})")
_RESERVED_OR_PERCENT = re.compile(r"[%+:=@\s]")


class BadCellError(Exception):
    """A cell that cannot be read as part of a design."""

    def __init__(
        self, message: str, column: str | None, value: Cell, suggestions: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.value = value
        self.suggestions = list(suggestions)


@dataclass(frozen=True)
class DesignReader:
    """Which columns hold a design, and how their cells (in this order) become its edits."""

    columns: tuple[str, ...]
    edits: Callable[[tuple[Cell, ...]], list[Edit]]
    missing: tuple[str, ...] = MISSING

    def genotype(self, cells: tuple[Cell, ...]) -> str:
        """Canonical genotype of a row's cells.

        Raises:
            BadCellError: a cell is malformed, or edits exclude each other.
        """
        shown = " ".join(cell for cell in cells if cell is not None)
        column = self.columns[0] if len(self.columns) == 1 else None
        try:
            return canonical_genotype(self.edits(cells))
        except InvalidDesignError as error:
            raise BadCellError(error.detail, column, shown) from None


def canonical_genotype(edits: list[Edit]) -> str:
    """The same text as `Design.of(edits).genotype`, without the cost of a validated model.

    Raises:
        InvalidDesignError: two edits exclude each other.
    """
    if len({edit.locus for edit in edits}) < len(edits):
        return Design.of(edits).genotype
    return "+".join(map(str, sorted(edits, key=lambda edit: edit.order_key)))


def genotype_reader(spec: GenotypeColumn) -> DesignReader:
    """Designs as text in one column."""

    def read(cells: tuple[Cell, ...]) -> list[Edit]:
        (cell,) = cells
        if cell is None:
            return []
        if cell in MISSING:
            message = "an unknown genotype? leave the cell empty where it is the reference"
            raise BadCellError(message, spec.column, cell)
        if spec.kind is None:
            return list(parse_genotype(cell).edits)
        return [
            Edit(locus=_bare_name(part.strip(), spec.column, cell), kind=spec.kind)
            for part in cell.split(spec.separator)
        ]

    return DesignReader((spec.column,), read, missing=("",))


def edits_reader(spec: EditColumns) -> DesignReader:
    """Designs spread over columns, one edit each."""
    columns = tuple(dict.fromkeys(name for part in spec.columns for name in _columns_of(part)))

    def read(cells: tuple[Cell, ...]) -> list[Edit]:
        row = dict(zip(columns, cells, strict=True))
        edits = [_read_edit(part, row) for part in spec.columns]
        return [edit for edit in edits if edit is not None]

    return DesignReader(columns, read)


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


def _bare_name(name: str, column: str, cell: str) -> str:
    """A locus within a text of loci, where no encoding is understood."""
    if not name:
        raise BadCellError("a locus name is empty (a separator too many?)", column, cell)
    if found := _RESERVED_OR_PERCENT.search(name):
        _refuse(cell, found[0], column, "is the separator another one, or are these edits?")
    return name


def _refuse(cell: str, sign: str, column: str, advice: str) -> NoReturn:
    message = f"the reserved character {sign!r} is inside a locus name: {advice}"
    raise BadCellError(message, column, cell)
