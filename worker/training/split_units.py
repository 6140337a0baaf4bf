"""What a split draws or names: groups, genes, pairs, values. One unit is held out or not."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import InvalidArgumentError, Offender

Codes = NDArray[np.int64]

_LISTED = 50


class Drawn(Protocol):
    """A split that draws its units."""

    @property
    def test_fraction(self) -> float:
        """Share that is held out."""

    @property
    def seed(self) -> int:
        """Of the draw."""

    @property
    def folds(self) -> int | None:
        """Parts that are tested in turn."""

    @property
    def fold(self) -> int:
        """Which of them is tested."""


def refuse(message: str, field: str, value: object = None) -> InvalidArgumentError:
    """An error of one field of the split."""
    text = None if value is None else str(value)
    return InvalidArgumentError(
        f"split: {message}", [Offender(field=field, value=text, message=message)]
    )


def _require_several(count: int, folds: int | None, noun: str) -> None:
    if count < 2:
        raise refuse(
            f"there is {count or 'no'} {noun} that could be held out, and it takes two: one to "
            "train on, one to test. Upload more designs, name another kind of split, or none",
            "split.kind",
        )
    if folds is not None and folds > count:
        raise refuse(
            f"{folds} folds of {count} {noun}s: name at most {count} folds", "split.folds", folds
        )


def drawn(count: int, split: Drawn, noun: str) -> Codes:
    """Positions of the held-out units among `count`; over all folds each unit comes once.

    Raises:
        InvalidArgumentError: fewer than two units, or fewer units than folds.
    """
    _require_several(count, split.folds, noun)
    order = np.random.default_rng(split.seed).permutation(count)
    if split.folds is None:
        return order[: max(1, round(split.test_fraction * count))]
    return order[split.fold :: split.folds]


def in_turn(count: int, folds: int, fold: int, noun: str) -> Codes:
    """Every `folds`-th of the units from the `fold`-th.

    Raises:
        InvalidArgumentError: fewer than two units, or fewer units than folds.
    """
    _require_several(count, folds, noun)
    return np.arange(fold, count, folds)


def require_known(
    wanted: Sequence[str],
    known: Sequence[str],
    noun: str,
    field: str,
    *,
    owner: str = "the data set",
) -> None:
    """Each wanted name has to be there; `field` with `{}` for its place.

    Raises:
        InvalidArgumentError: some are not; each is named with its close matches.
    """
    names = frozenset(known)
    offenders = [
        Offender(
            field=field.format(place),
            value=value,
            message=f"no such {noun}",
            suggestions=get_close_matches(value, known),
        )
        for place, value in enumerate(wanted)
        if value not in names
    ]
    if offenders:
        listed = ", ".join(known[:_LISTED]) or "none"
        more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        lacking = ", ".join(str(offender.value) for offender in offenders)
        raise InvalidArgumentError(
            f"split: {owner} has no {noun} {lacking}; it has {listed}{more}", offenders
        )


def said(what: str, split: Drawn) -> str:
    """In words, how units were drawn."""
    if split.folds is None:
        return f"a random {split.test_fraction:.0%} of the {what} (seed {split.seed})"
    return f"fold {split.fold} of {split.folds} of the {what} (from 0, seed {split.seed})"
