"""What a model calls an edit that was named otherwise, or why it is none of its edits."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from service.contract.designs import Edit, EditKind

# Matching one name against thousands takes about a millisecond; there may be millions of them.
_MATCHED_EDITS = 200
_NAMED_SIBLINGS = 10
_NAMED_NEAR = 3
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Misnamed:
    """Why a name is no edit of the model, and what may have been meant."""

    is_ambiguous: bool
    value: str
    message: str
    suggestions: tuple[str, ...]


class EditNames:
    """What a model knows, searched for what was meant; each name once.

    Args:
        known: the model's edits, by their keys.
        names: further names of genes, each with the loci that it may be; a locus of the model is
            never taken for one.
        close_matches: what comes close to a name, the best first.

    `locus_of` collects the other names that were used.
    """

    def __init__(
        self,
        known: Collection[str],
        names: Mapping[str, Sequence[str]],
        close_matches: Callable[[str, Collection[str]], Sequence[str]],
    ) -> None:
        self._known = known
        self._names = names
        self._close_matches = close_matches
        self._answers: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.locus_of: dict[str, str] = {}

    def meant(self, edit: Edit) -> Edit | Misnamed:
        """The edit in the names of the model."""
        if edit.key in self._known:
            return edit
        loci = () if self._siblings(edit.locus) else self._names.get(edit.locus, ())
        if len(loci) > 1:
            message = f"{edit.locus} is a name of {', '.join(loci)}: say which"
            return Misnamed(True, edit.locus, message, tuple(loci))
        meant = edit.model_copy(update={"locus": loci[0]}) if loci else edit
        if meant.key not in self._known:
            return Misnamed(False, str(edit)[:_SHOWN_CHARACTERS], *self._answer(meant))
        self.locus_of[edit.locus] = meant.locus
        return meant

    def _siblings(self, locus: str) -> list[str]:
        """What the model knows of a locus."""
        key = Edit(locus=locus, kind=EditKind.DELETION).key
        return self._by_locus.get(key.partition(":")[0], [])

    def _answer(self, edit: Edit) -> tuple[str, tuple[str, ...]]:
        if edit.key in self._answers:
            return self._answers[edit.key]
        answer = self._look_up(edit)
        if self._may_match():
            self._answers[edit.key] = answer
        return answer

    def _look_up(self, edit: Edit) -> tuple[str, tuple[str, ...]]:
        siblings = self._siblings(edit.locus)
        if siblings:
            named = tuple(siblings[:_NAMED_SIBLINGS])
            return f"the model knows {edit.locus} only as {', '.join(named)}", named
        near = tuple(self._near(edit)) if self._may_match() else ()
        return f"the model has no edit {edit.key[:_SHOWN_CHARACTERS]}", near

    def _near(self, edit: Edit) -> list[str]:
        """Edits of genes whose names come close; those of the same kind, where a gene has them."""
        locus, _, change = edit.key.partition(":")
        found: list[str] = []
        for name in self._close_matches(locus, self._near_names):
            for near in (name,) if name in self._by_locus else self._names[name]:
                edits = self._siblings(near)
                same = [key for key in edits if key.partition(":")[2] == change]
                found += [key for key in same or edits if key not in found]
        return found[:_NAMED_NEAR]

    @cached_property
    def _near_names(self) -> list[str]:
        """What a locus may have been meant for: loci, and other names of theirs."""
        known = self._by_locus
        others = (n for n, loci in self._names.items() if any(locus in known for locus in loci))
        return sorted({*known, *others})

    @cached_property
    def _by_locus(self) -> dict[str, list[str]]:
        return _by_locus(self._known)

    def _may_match(self) -> bool:
        return len(self._answers) < _MATCHED_EDITS


def _by_locus(known: Collection[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for key in sorted(known):
        grouped.setdefault(key.partition(":")[0], []).append(key)
    return grouped
