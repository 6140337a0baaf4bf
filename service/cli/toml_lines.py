"""The line of everything in a TOML text, which its own parser does not tell.

The text was parsed before: what is no TOML does not come here.
"""

import re
import tomllib
from bisect import bisect
from collections import Counter

Place = tuple[int | str, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
# Three quotes first: they begin with an empty text. Up to two more may end such a text.
_TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]+")  # a number, a date (which may hold a blank), true or false


def toml_lines(text: str) -> dict[Place, int]:
    """Where each table, key and item of an array begins; the first line is 1.

    Empty if the text has something that this does not know: no line is better than a wrong one.
    """
    scan = _Scan(text)
    try:
        scan.run()
    except _UnknownError:
        return {}
    return scan.lines


class _UnknownError(Exception):
    """What stands there is not known."""


class _Scan:
    """One pass over a text; `lines` grows."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Place, int] = {}
        self._text = text
        self._at = 0
        self._ends = [place for place, letter in enumerate(text) if letter == "\n"]
        self._counts: Counter[Place] = Counter()  # of the tables of an array of tables

    def run(self) -> None:
        table: Place = ()
        while self._next():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _next(self) -> str:
        """The letter after blanks, line ends and comments; nothing at the end."""
        self._take(_BLANK)
        return self._text[self._at : self._at + 1]

    def _take(self, what: re.Pattern[str]) -> str:
        found = what.match(self._text, self._at)
        if found is None:
            raise _UnknownError
        self._at = found.end()
        return found[found.lastindex or 0]

    def _expect(self, letters: str) -> None:
        if not self._text.startswith(letters, self._at):
            raise _UnknownError
        self._at += len(letters)

    def _note(self, place: Place, at: int) -> None:
        self.lines.setdefault(place, bisect(self._ends, at - 1) + 1)

    def _header(self) -> Place:
        """`[a.b]`, or `[[a.b]]`, which begins one more table of an array."""
        begin = self._at
        is_one_of_many = self._text.startswith("[[", begin)
        self._at += 1 + is_one_of_many
        *parents, last = self._path()
        self._expect("]]" if is_one_of_many else "]")
        place: Place = ()
        for part in parents:
            place = self._newest((*place, part))
            self._note(place, begin)
        place = (*place, last)
        self._note(place, begin)
        if is_one_of_many:
            self._counts[place] += 1
            place = self._newest(place)
            self._note(place, begin)
        return place

    def _newest(self, place: Place) -> Place:
        """The table that a header means: of an array the last."""
        return (*place, self._counts[place] - 1) if place in self._counts else place

    def _path(self) -> list[str]:
        parts = [self._key()]
        while self._text.startswith(".", self._at):
            self._at += 1
            parts.append(self._key())
        return parts

    def _key(self) -> str:
        key = self._take(_KEY)
        return next(iter(tomllib.loads(f"{key} = 0"))) if key[0] in "\"'" else key

    def _pair(self, table: Place) -> None:
        begin, place = self._at, table
        for part in self._path():
            place = (*place, part)
            self._note(place, begin)
        self._expect("=")
        self._value(place)

    def _value(self, place: Place) -> None:
        letter = self._next()
        if letter == "[":
            self._items(place)
        elif letter == "{":
            self._at += 1
            while self._next() != "}":
                self._pair(place)
                self._comma("}")
            self._at += 1
        else:
            self._take(_TEXT if letter in ('"', "'") else _PLAIN)

    def _items(self, place: Place) -> None:
        self._at += 1
        number = 0
        while self._next() != "]":
            self._note((*place, number), self._at)
            self._value((*place, number))
            self._comma("]")
            number += 1
        self._at += 1

    def _comma(self, end: str) -> None:
        if self._next() != end:
            self._expect(",")
