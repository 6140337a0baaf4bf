"""Names to a model's vocabulary: all genotypes are checked before anything is scored."""

from collections.abc import Collection, Sequence

from service.contract.designs import Design, Edit, parse_genotype
from service.contract.errors import InvalidDesignError, Offender, UnknownEditsError
from service.handlers.matching import close_matches

# Matching one name against thousands takes about a millisecond; a request may hold 10,000 designs.
_MATCHED_EDITS = 200
_NAMED_SIBLINGS = 10
_SHOWN_CHARACTERS = 200


def resolve(known: Collection[str], genotypes: Sequence[str]) -> list[str]:
    """Canonical genotypes, in order, each edit's key being in `known`.

    Raises:
        InvalidDesignError: genotypes are malformed (unknown edits of others are listed as well).
        UnknownEditsError: edits are not in `known`; every one of every design is listed.
    """
    vocabulary = _Vocabulary(known)
    designs: list[Design] = []
    malformed: list[Offender] = []
    unknown: list[Offender] = []
    for index, text in enumerate(genotypes):
        field = f"genotypes[{index}]"
        try:
            design = parse_genotype(text)
        except InvalidDesignError as error:
            shown = text[:_SHOWN_CHARACTERS]
            malformed.append(Offender(field=field, value=shown, message=error.detail))
            continue
        designs.append(design)
        if any(edit.key not in known for edit in design.edits):
            unknown += vocabulary.offenders(field, design)
    _require_none(malformed, unknown)
    return [design.genotype for design in designs]


def _require_none(malformed: list[Offender], unknown: list[Offender]) -> None:
    if malformed:
        detail = f"{_count(malformed, 'genotype')} cannot be read; nothing was scored"
        raise InvalidDesignError(detail, malformed + unknown)
    if unknown:
        names = {offender.value for offender in unknown}
        raise UnknownEditsError(
            f"{_count(names, 'edit')} not in the model's vocabulary; nothing was scored", unknown
        )


def _count(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


class _Vocabulary:
    """What a model knows, searched for what was probably meant; each name once."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._of_locus: dict[str, list[str]] | None = None
        self._answers: dict[str, tuple[str, list[str]]] = {}

    def offenders(self, field: str, design: Design) -> list[Offender]:
        """The edits of a design that the model does not know."""
        found = []
        for edit in design.edits:
            if edit.key not in self._known:
                message, suggestions = self._answer(edit)
                shown = str(edit)[:_SHOWN_CHARACTERS]
                found.append(
                    Offender(field=field, value=shown, message=message, suggestions=suggestions)
                )
        return found

    def _answer(self, edit: Edit) -> tuple[str, list[str]]:
        if edit.key not in self._answers:
            self._answers[edit.key] = self._look_up(edit)
        return self._answers[edit.key]

    def _look_up(self, edit: Edit) -> tuple[str, list[str]]:
        if self._of_locus is None:
            self._of_locus = _by_locus(self._known)
        siblings = self._of_locus.get(edit.key.partition(":")[0])
        if siblings:
            named = siblings[:_NAMED_SIBLINGS]
            return f"the model knows {edit.locus} only as {', '.join(named)}", named
        matches = close_matches(edit.key, self._known) if self._may_match() else []
        return f"the model has no edit {edit.key[:_SHOWN_CHARACTERS]}", matches

    def _may_match(self) -> bool:
        return len(self._answers) < _MATCHED_EDITS


def _by_locus(known: Collection[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for key in sorted(known):
        grouped.setdefault(key.partition(":")[0], []).append(key)
    return grouped
