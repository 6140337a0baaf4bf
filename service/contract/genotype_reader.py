"""Genotypes against a model's vocabulary, many at once.

Most genotypes are canonical text of edits that the model knows, and no two of them differ in more
than which edits they are. Texts are therefore joined, split and looked up together, in a few calls
whatever their number; what is not canonical is read alone, and what cannot be read is left to
`parse_genotype`, whose errors say why.

Law: what is read of a text is what `parse_genotype` reads, or nothing.
"""

import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import isfinite, nan
from operator import lt
from typing import NamedTuple
from urllib.parse import unquote

from service.contract.designs import format_level, parse_edit, parse_genotype
from service.contract.errors import InvalidDesignError

CACHED_TOKENS = 1 << 16
_LONGEST_TOKEN = 200
_CHUNK_TEXTS = 1024

# No edit's text: white space is percent-encoded in it. Between genotypes it falls below every rank.
_BREAK = "\n"
_SEPARATOR = f"+{_BREAK}+"


class _Token(NamedTuple):
    """An edit's place in the model (below 0: none), its level (NaN: none), the rank of its locus.

    The rank is NaN for text that is not canonical, or not of the model: nothing is below it, and
    it is below nothing.
    """

    place: int
    level: float
    rank: float


_BREAK_TOKEN = _Token(-1, nan, -1)
_REFERENCE_TOKEN = _Token(-2, nan, 0)
_OTHER = _Token(-2, nan, nan)
_NO_LEVEL = array("d", [nan])


class _Tokens(dict[str, _Token]):
    """What is known of the text of single edits; those of the last requests."""

    def __init__(self, edits: Sequence[str]) -> None:
        super().__init__()
        self._place = {key: place for place, key in enumerate(edits)}
        self._rank = _ranks(edits)

    def __missing__(self, text: str) -> _Token:
        token = self._look_up(text)
        if token is not _OTHER and len(text) <= _LONGEST_TOKEN:
            if len(self) >= CACHED_TOKENS:
                self.clear()
            self[text] = token
        return token

    def _look_up(self, text: str) -> _Token:
        if text == _BREAK:
            return _BREAK_TOKEN
        if not text:
            return _REFERENCE_TOKEN
        key, at, level = text.partition("@")
        place = self._place.get(key)
        value = _level(level) if at else nan
        if place is None or value is None:
            return _OTHER
        return _Token(place, value, self._rank[place])


def _ranks(edits: Sequence[str]) -> list[int]:
    """Where the locus of each edit stands among all loci in canonical order."""
    loci = [unquote(key.partition(":")[0]) for key in edits]
    rank = {locus: rank for rank, locus in enumerate(sorted(set(loci)))}
    return [rank[locus] for locus in loci]


def _little_endian(values: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


_NAN_BYTES = _little_endian(array("d", [nan]))


def _level(text: str) -> float | None:
    """A level in its canonical text; None for any other text."""
    try:
        value = float(text)
    except ValueError:
        return None
    # Adding 0 makes one zero of the two.
    return value if isfinite(value) and format_level(value + 0.0) == text else None


@dataclass
class ReadGenotypes:
    """Genotypes B in canonical text, and their edits one behind the other in canonical order.

    `edit_J` counts from 0 in the order of the model's edits; numbers below 0 are no edits, and -1
    stands in front of each genotype. `level_J` beside it is NaN where an edit has no level.
    `unread` are the places of those that cannot be read, or name edits that the model does not
    have: they stand as they were given, without any edit.
    """

    genotypes: list[str] = field(default_factory=list)
    edit_J: "array[int]" = field(default_factory=lambda: array("i"))
    level_J: "array[float]" = field(default_factory=lambda: array("d"))
    unread: list[int] = field(default_factory=list)

    def packed(self) -> dict[str, str | None]:
        """The edits as they travel, without texts: base64 of little-endian int32 and float64.

        `level` is None where no edit has one. All genotypes must have been read.
        """
        level = _little_endian(self.level_J)
        has_levels = level != _NAN_BYTES * len(self.level_J)
        return {
            "edit": b64encode(_little_endian(self.edit_J)).decode(),
            "level": b64encode(level).decode() if has_levels else None,
        }

    @classmethod
    def unpacked(cls, parts: Iterable[Mapping[str, str | None]]) -> "ReadGenotypes":
        """The edits of several packed ones, one behind the other; there are no texts."""
        whole = cls()
        for part in parts:
            edit, level = b64decode(part["edit"] or ""), part["level"]
            whole.edit_J.frombytes(edit)
            whole.level_J.frombytes(b64decode(level) if level else _NAN_BYTES * (len(edit) // 4))
        if sys.byteorder == "big":
            whole.edit_J.byteswap()
            whole.level_J.byteswap()
        return whole

    def add(
        self, genotypes: Sequence[str], place_J: Sequence[int], level_J: Sequence[float]
    ) -> None:
        """Put genotypes behind the others."""
        self.genotypes.extend(genotypes)
        self.edit_J.extend(place_J)
        self.level_J.extend(level_J)


class GenotypeReader:
    """Reads genotypes of a model that has these edits (keys, without levels)."""

    def __init__(self, edits: Sequence[str]) -> None:
        self._tokens = _Tokens(edits)
        self._place = {key: place for place, key in enumerate(edits)} | {_BREAK: _BREAK_TOKEN.place}
        # The last rank is that of the break, whose place is -1.
        self._rank = [*_ranks(edits), -1]
        # Most models have one edit a locus, in canonical order: a place is a rank, then.
        self._is_ranked = self._rank[:-1] == list(range(len(edits)))

    def read(self, texts: Sequence[str]) -> ReadGenotypes:
        """What the texts are to the model. Nothing is raised: see `unread`."""
        read = ReadGenotypes()
        for start in range(0, len(texts), _CHUNK_TEXTS):
            chunk = texts[start : start + _CHUNK_TEXTS]
            if not (self._read_plain(chunk, read) or self._read_canonical(chunk, read)):
                for text in chunk:
                    self._read_one(text, read)
        return read

    def _read_plain(self, texts: Sequence[str], read: ReadGenotypes) -> bool:
        """As `_read_canonical`, of texts without levels, none of them the reference."""
        joined = f"{_BREAK}+{_SEPARATOR.join(texts)}+{_BREAK}"
        try:
            place_J = list(map(self._place.__getitem__, joined.split("+")))
        except KeyError:
            return False
        if place_J.count(_BREAK_TOKEN.place) != len(texts) + 1:  # one inside a text
            return False
        rank_J = place_J if self._is_ranked else list(map(self._rank.__getitem__, place_J))
        if not _are_in_order(rank_J, len(texts)):
            return False
        read.add(texts, place_J[:-1], _NO_LEVEL * (len(place_J) - 1))
        return True

    def _read_canonical(self, texts: Sequence[str], read: ReadGenotypes) -> bool:
        """Read texts together where all are canonical; otherwise nothing is read."""
        joined = f"{_BREAK}+{_SEPARATOR.join(texts)}+{_BREAK}"
        # A break inside a text, and an edit without text that is not all of a genotype.
        if joined.count(_BREAK) != len(texts) + 1 or joined.count("++") != texts.count(""):
            return False
        tokens = map(self._tokens.__getitem__, joined.split("+"))
        place_J, level_J, rank_J = zip(*tokens, strict=True)
        if not _are_in_order(rank_J, len(texts)):
            return False
        # Most genotypes have no levels, and an array of as many NaN is made at once.
        levels = level_J[:-1] if "@" in joined else _NO_LEVEL * (len(place_J) - 1)
        read.add(texts, place_J[:-1], levels)
        return True

    def _read_one(self, text: str, read: ReadGenotypes) -> None:
        found = self._sorted(text) if text else []
        if found is None:
            read.unread.append(len(read.genotypes))
        tokens = [_BREAK_TOKEN, *(token for token, _ in found or ())]
        canonical = text if found is None else "+".join([edit for _, edit in found])
        read.add([canonical], [token.place for token in tokens], [token.level for token in tokens])

    def _sorted(self, text: str) -> list[tuple[_Token, str]] | None:
        """The edits of a genotype in canonical order, each with its canonical text."""
        found = []
        for edit in text.split("+"):
            token = self._tokens[edit]
            spelled = edit
            if token is _OTHER:
                spelled = _spelled(edit)
                token = self._tokens[spelled]
            if token.place < 0:
                return None
            found.append((token, spelled))
        if len({token.rank for token, _ in found}) == len(found):
            return sorted(found, key=lambda one: one[0].rank)
        try:
            edits = [str(edit) for edit in parse_genotype(text).edits]
        except InvalidDesignError:
            return None
        return [(self._tokens[edit], edit) for edit in edits]


def _are_in_order(rank_J: Sequence[float], text_count: int) -> bool:
    """Whether the loci of each genotype are in order, and each there once.

    So are its edits, then, and none excludes another. Only a break is below what stands before it.
    """
    rises = sum(map(lt, rank_J, islice(rank_J, 1, None)))
    return bool(rises == len(rank_J) - 1 - text_count)


def _spelled(text: str) -> str:
    """An edit in its canonical text; no edit's text where it is none."""
    try:
        return str(parse_edit(text))
    except InvalidDesignError:
        return _BREAK
