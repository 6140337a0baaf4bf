"""What happens to bad rows: the file is refused, or they are left out and listed."""

from collections.abc import Sequence
from typing import Literal

from service.contract.datasets import SkippedRow
from service.contract.errors import BadTableError, Offender
from worker.data.batch import LISTED_ROWS

_SHOWN_OFFENDERS = 20


class BadRows:
    """Bad rows so far; `count` counts all of them, `skipped` lists the first 1,000."""

    def __init__(self, rule: Literal["fail", "skip"]) -> None:
        self._rule = rule
        self._first: dict[int, Offender] = {}
        self.count = 0

    def add(self, offenders: Sequence[Offender], count: int) -> None:
        """Take the offenders of `count` bad rows (some rows may have several).

        Raises:
            BadTableError: bad rows are not allowed; it lists the first 20 offenders.
        """
        self.check(offenders)
        self.count += count
        for offender in offenders:
            self._first.setdefault(offender.row or 0, offender)
        self._first = dict(sorted(self._first.items())[:LISTED_ROWS])

    def check(self, offenders: Sequence[Offender]) -> None:
        """Refuse the file early for rows that will be added later.

        Raises:
            BadTableError: bad rows are not allowed.
        """
        if offenders and self._rule == "fail":
            raise _refusal(offenders)

    @property
    def skipped(self) -> list[SkippedRow]:
        """The first 1,000 rows that were left out, each with its first problem."""
        return [
            SkippedRow(row=row, column=offender.column, message=_say(offender))
            for row, offender in self._first.items()
        ]

    def no_good_row(self) -> BadTableError:
        """The error for a table that has no good row."""
        if not self.count:
            return BadTableError("the file has a header but no data row")
        offenders = list(self._first.values())
        error = _refusal(offenders)
        return BadTableError(f"all {self.count:,} rows are bad: {error.detail}", error.offenders)


def _refusal(offenders: Sequence[Offender]) -> BadTableError:
    ordered = sorted(offenders, key=lambda offender: offender.row or 0)[:_SHOWN_OFFENDERS]
    first = ordered[0]
    column = f", column {first.column}" if first.column is not None else ""
    more = len({offender.row for offender in offenders}) - 1
    others = f" (and {more} more bad rows nearby)" if more else ""
    return BadTableError(f"row {first.row}{column}: {_say(first)}{others}", ordered)


def _say(offender: Offender) -> str:
    value = f"{offender.value!r}: " if offender.value is not None else ""
    return value + offender.message
