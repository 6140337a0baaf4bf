"""Names to a model's vocabulary: all genotypes are checked before anything is scored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.designs import Design, Edit, EditKind, parse_genotype
from service.contract.errors import (
    AmbiguousGeneError,
    InvalidDesignError,
    Offender,
    UnknownEditsError,
)
from service.contract.genotype_reader import GenotypeReader
from service.handlers.matching import close_matches

# Matching one name against thousands takes about a millisecond; a request may hold 10,000 designs.
_MATCHED_EDITS = 200
_NAMED_SIBLINGS = 10
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Resolved:
    """Canonical genotypes in the model's names, in order, and the loci of names given otherwise."""

    genotypes: list[str]
    locus_of: dict[str, str]

    def names(self) -> list[dict[str, str]]:
        """`resolved_names` of an answer."""
        return [{"name": name, "locus": locus} for name, locus in self.locus_of.items()]


@dataclass(frozen=True)
class _Found:
    """What is wrong with the genotypes of a request, kind by kind."""

    malformed: list[Offender] = field(default_factory=list)
    ambiguous: list[Offender] = field(default_factory=list)
    unknown: list[Offender] = field(default_factory=list)


def resolve(
    known: Collection[str],
    genotypes: Sequence[str],
    names: Mapping[str, Sequence[str]] | None = None,
    *,
    field_name: str = "genotypes",
    reader: GenotypeReader | None = None,
) -> Resolved:
    """Genotypes in the names of a model, each edit's key being in `known`.

    `names` holds further names of genes, each with the loci that it may be; a locus of the model
    is never taken for one. `field_name` is the field of the request that they stand in. `reader`
    is that of `known`: it saves most of the work where names are those of the model.

    Raises:
        InvalidDesignError: genotypes are malformed (other offenders are listed as well).
        AmbiguousGeneError: a name is that of several genes; every one is listed, with them.
        UnknownEditsError: edits are not in `known`; every one of every design is listed.
    """
    vocabulary = _Vocabulary(known, names or {})
    read = reader.read(genotypes) if reader is not None else None
    resolved = list(genotypes) if read is None else read.genotypes
    found = _Found()
    for index in range(len(genotypes)) if read is None else read.unread:
        text = genotypes[index]
        place = f"{field_name}[{index}]"
        try:
            design = parse_genotype(text)
            if any(edit.key not in known for edit in design.edits):
                design = vocabulary.checked(place, design, found)
        except InvalidDesignError as error:
            shown = text[:_SHOWN_CHARACTERS]
            found.malformed.append(Offender(field=place, value=shown, message=error.detail))
            continue
        resolved[index] = design.genotype
    _require_none(found)
    return Resolved(resolved, vocabulary.locus_of)


def _require_none(found: _Found) -> None:
    if found.malformed:
        detail = f"{_count(found.malformed, 'genotype')} cannot be read; nothing was scored"
        raise InvalidDesignError(detail, found.malformed + found.ambiguous + found.unknown)
    if found.ambiguous:
        names = {offender.value for offender in found.ambiguous}
        raise AmbiguousGeneError(
            f"{_count(names, 'name')} may be of several genes; nothing was scored",
            found.ambiguous + found.unknown,
        )
    if found.unknown:
        names = {offender.value for offender in found.unknown}
        raise UnknownEditsError(
            f"{_count(names, 'edit')} not in the model's vocabulary; nothing was scored",
            found.unknown,
        )


def _count(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' if len(things) != 1 else ''}"


class _Vocabulary:
    """What a model knows, searched for what was meant; each name once.

    `locus_of` collects the other names that were used.
    """

    def __init__(self, known: Collection[str], names: Mapping[str, Sequence[str]]) -> None:
        self._known = known
        self._names = names
        self._of_locus: dict[str, list[str]] | None = None
        self._answers: dict[str, tuple[str, list[str]]] = {}
        self.locus_of: dict[str, str] = {}

    def checked(self, place: str, design: Design, found: _Found) -> Design:
        """A design in the names of the model; what cannot be is put down in `found`.

        Raises:
            InvalidDesignError: two of its names are of one gene, which is edited twice.
        """
        edits = [self._renamed(place, edit, found) for edit in design.edits]
        return design if edits == list(design.edits) else Design.of(edits)

    def _renamed(self, place: str, edit: Edit, found: _Found) -> Edit:
        if edit.key in self._known:
            return edit
        loci = () if self._siblings(edit.locus) else self._names.get(edit.locus, ())
        if len(loci) > 1:
            message = f"{edit.locus} is a name of {', '.join(loci)}: say which"
            found.ambiguous.append(
                Offender(field=place, value=edit.locus, message=message, suggestions=list(loci))
            )
            return edit
        meant = edit.model_copy(update={"locus": loci[0]}) if loci else edit
        if meant.key not in self._known:
            message, suggestions = self._answer(meant)
            shown = str(edit)[:_SHOWN_CHARACTERS]
            found.unknown.append(
                Offender(field=place, value=shown, message=message, suggestions=suggestions)
            )
            return edit
        self.locus_of[edit.locus] = meant.locus
        return meant

    def _siblings(self, locus: str) -> list[str]:
        """What the model knows of a locus."""
        if self._of_locus is None:
            self._of_locus = _by_locus(self._known)
        key = Edit(locus=locus, kind=EditKind.DELETION).key
        return self._of_locus.get(key.partition(":")[0], [])

    def _answer(self, edit: Edit) -> tuple[str, list[str]]:
        if edit.key not in self._answers:
            self._answers[edit.key] = self._look_up(edit)
        return self._answers[edit.key]

    def _look_up(self, edit: Edit) -> tuple[str, list[str]]:
        siblings = self._siblings(edit.locus)
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
