"""Edits, designs and their canonical text.

Grammar: ``genotype = "" | edit *("+" edit)``; ``edit = name ":" kind ["=" name] ["@" number]``;
a name is any text in Unicode's normal form C, with ``% + : = @`` and white space percent-encoded
(UTF-8). Edits are sorted by (locus, group, kind, variant). Laws: `parse_genotype` and
`Design.genotype` are inverse on canonical text; the order in which edits are given changes nothing;
the empty design is the reference.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Self
from urllib.parse import unquote

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from service.contract.errors import InvalidDesignError

_RESERVED = re.compile(r"[%+:=@\s\x00-\x1f\x7f]")
# No plus sign: it separates edits.
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE]-?\d+)?", re.ASCII)
_SHOWN_CHARACTERS = 100


class EditKind(StrEnum):
    """What is done to a locus."""

    DELETION = "deletion"
    KNOCKDOWN = "knockdown"
    OVEREXPRESSION = "overexpression"
    PART = "part"
    ALLELE = "allele"
    INSERTION = "insertion"
    COPY_NUMBER = "copy_number"


KIND_ALIASES = {"knockout": EditKind.DELETION}

# Two edits of one locus in one group exclude each other; a promoter swap plus a copy is legal.
EXCLUSIVITY_GROUP: dict[EditKind, str] = {
    EditKind.DELETION: "expression",
    EditKind.KNOCKDOWN: "expression",
    EditKind.OVEREXPRESSION: "expression",
    EditKind.PART: "expression",
    EditKind.ALLELE: "sequence",
    EditKind.INSERTION: "insertion",
    EditKind.COPY_NUMBER: "copy_number",
}
# A deleted gene has no sequence, no promoter and no copies: it excludes these as well.
_EXCLUDED_BY_DELETION = ("expression", "sequence", "copy_number")


def claims_of(kind: EditKind) -> tuple[str, ...]:
    """The groups of its locus in which an edit of this kind stands alone."""
    return _EXCLUDED_BY_DELETION if kind is EditKind.DELETION else (EXCLUSIVITY_GROUP[kind],)


def parse_kind(text: str) -> EditKind:
    """Read a kind or its alias, whatever its case.

    Raises:
        InvalidDesignError: no such kind; the message lists those that exist.
    """
    lowered = text.strip().lower()
    if lowered in KIND_ALIASES:
        return KIND_ALIASES[lowered]
    try:
        return EditKind(lowered)
    except ValueError:
        known = ", ".join([*EditKind, *KIND_ALIASES])
        raise InvalidDesignError(f"unknown kind {_shown(text)}; known kinds: {known}") from None


def encode_name(name: str) -> str:
    """Percent-encode what the grammar reserves; `unquote` is the inverse."""
    return _RESERVED.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), name)


def one_spelling(name: str) -> str:
    """The name itself: in normal form C, names that look and mean the same are the same text.

    Raises:
        InvalidDesignError: it is in another form, and would be another locus than its look-alike.
    """
    if unicodedata.is_normalized("NFC", name):
        return name
    meant = unicodedata.normalize("NFC", name)
    shown, write = (ascii(text[:_SHOWN_CHARACTERS]) for text in (name, meant))
    raise InvalidDesignError(
        f"name {shown} is not in Unicode's normal form C, where a name has one spelling: "
        f"write {write}"
    )


EditName = Annotated[str, Field(min_length=1), AfterValidator(one_spelling)]


def format_level(level: float) -> str:
    """Shortest text that reads back as the same float64 (``1`` for 1.0)."""
    return repr(level).removesuffix(".0").replace("e+", "e")


class Edit(BaseModel):
    """One perturbation of one locus.

    `level` is activity relative to the reference (reference = 1, deletion = 0), or what the
    data set's unit says; None where it was not given.
    """

    model_config = ConfigDict(frozen=True)

    locus: EditName
    kind: EditKind
    variant: EditName | None = None
    level: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @field_validator("level")
    @classmethod
    def _one_zero(cls, value: float | None) -> float | None:
        return 0.0 if value == 0 else value  # -0.0 would have a second text

    @property
    def group(self) -> str:
        """Exclusivity group: a design holds at most one edit per locus and group."""
        return EXCLUSIVITY_GROUP[self.kind]

    @property
    def key(self) -> str:
        """Canonical text without the level: what a model has a shift for."""
        variant = f"={encode_name(self.variant)}" if self.variant is not None else ""
        return f"{encode_name(self.locus)}:{self.kind}{variant}"

    def __str__(self) -> str:
        level = f"@{format_level(self.level)}" if self.level is not None else ""
        return self.key + level

    @property
    def order_key(self) -> tuple[str, str, str, str]:
        """Sort key of the canonical order."""
        return (self.locus, self.group, self.kind, self.variant or "")


class Design(BaseModel):
    """A set of edits, in canonical order. The empty design is the reference.

    Two designs are equal when they hold the same edits, in whatever order they were given.
    """

    model_config = ConfigDict(frozen=True)

    edits: tuple[Edit, ...] = ()

    @field_validator("edits")
    @classmethod
    def _canonical(cls, value: tuple[Edit, ...]) -> tuple[Edit, ...]:
        return tuple(sorted(value, key=lambda edit: edit.order_key))

    @model_validator(mode="after")
    def _exclusive(self) -> Self:
        claimed: dict[tuple[str, str], Edit] = {}
        for edit in self.edits:
            for group in claims_of(edit.kind):
                other = claimed.get((edit.locus, group))
                if other is not None:
                    raise InvalidDesignError(
                        f"{other} and {edit} exclude each other: both change the {group} of "
                        f"locus {edit.locus}; keep one of them"
                    )
                claimed[edit.locus, group] = edit
        return self

    @property
    def order(self) -> int:
        """How many edits the design holds; 0 is the reference."""
        return len(self.edits)

    @property
    def genotype(self) -> str:
        """Canonical text, e.g. ``b0720:deletion+b1812:knockdown@0.2``; empty for the reference."""
        return "+".join(map(str, self.edits))

    @classmethod
    def of(cls, edits: Iterable[Edit]) -> "Design":
        """Build a design from edits in any order.

        Raises:
            InvalidDesignError: two edits exclude each other.
        """
        ordered = tuple(edits)
        try:
            return cls(edits=ordered)
        except ValidationError as error:
            detail = str(error.errors()[0]["ctx"]["error"])
        # A new error outside the handler: the collector does not see into pydantic's, and as the
        # context of the error that it holds it would keep every frame of the traceback for good.
        raise InvalidDesignError(detail)


@lru_cache(maxsize=65536)
def parse_edit(text: str) -> Edit:
    """Read one edit, e.g. ``YCL058W-A:allele=DAmP`` or ``PP_0368:knockdown@0.2``.

    Raises:
        InvalidDesignError: the text does not follow the grammar.
    """
    shown = _shown(text)
    if not _is_unicode(text):
        raise InvalidDesignError(f"edit {shown}: half of a surrogate pair is no character")
    if any(character.isspace() for character in text):
        raise InvalidDesignError(f"edit {shown}: white space must be percent-encoded (%20)")
    name, colon, rest = text.partition(":")
    if not colon:
        raise InvalidDesignError(
            f"edit {shown} has no kind; write locus:kind, e.g. {shown[1:-1]}:deletion"
        )
    rest, at, level = rest.partition("@")
    kind, equals, variant = rest.partition("=")
    if at and not _NUMBER.fullmatch(level):
        raise InvalidDesignError(f"edit {shown}: level {_shown(level)} is not a number")
    if equals and not variant:
        raise InvalidDesignError(f"edit {shown}: the variant after '=' is empty")
    return Edit(
        locus=_decode_name(name, text),
        kind=parse_kind(kind),
        variant=_decode_name(variant, text) if equals else None,
        level=_finite(float(level), text) if at else None,
    )


def parse_genotype(text: str) -> Design:
    """Read a genotype; the empty text is the reference.

    Raises:
        InvalidDesignError: the text does not follow the grammar, or edits exclude each other.
    """
    if text == "":
        return Design()
    return Design.of([parse_edit(part) for part in text.split("+")])


def _decode_name(text: str, edit: str) -> str:
    if not text:
        raise InvalidDesignError(f"edit {_shown(edit)} has no locus before ':'")
    if _RESERVED.search(text.replace("%", "")) or re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise InvalidDesignError(
            f"edit {_shown(edit)}: {_shown(text)} holds a separator; write % + : = @ and "
            "spaces percent-encoded, e.g. %2B for +"
        )
    try:
        name = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidDesignError(
            f"edit {_shown(edit)}: {_shown(text)} is not percent-encoded UTF-8"
        ) from None
    return one_spelling(name)


def _finite(value: float, edit: str) -> float:
    if not math.isfinite(value):
        raise InvalidDesignError(f"edit {_shown(edit)}: the level is too large for a number")
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    """Quoted for a message, which must not grow with what somebody sent."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
