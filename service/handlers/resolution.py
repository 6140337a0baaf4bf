"""Names to a model's vocabulary: all genotypes are checked before anything is scored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from service.contract.designs import Design, parse_genotype
from service.contract.edit_names import EditNames, Misnamed
from service.contract.errors import (
    AmbiguousGeneError,
    InvalidDesignError,
    Offender,
    UnknownEditsError,
)
from service.contract.genotype_reader import GenotypeReader, ReadGenotypes
from service.handlers.matching import close_matches

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Resolved:
    """Canonical genotypes in the model's names, in order, and the loci of names given otherwise.

    `read` is what a reader has read of them.
    """

    genotypes: list[str]
    locus_of: dict[str, str]
    read: ReadGenotypes | None = None

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
    vocabulary = EditNames(known, names or {}, close_matches)
    read = reader.read(genotypes) if reader is not None else None
    resolved = list(genotypes if read is None else read.genotypes)
    found = _Found()
    for index in range(len(genotypes)) if read is None else read.unread:
        text = genotypes[index]
        place = f"{field_name}[{index}]"
        try:
            design = parse_genotype(text)
            if any(edit.key not in known for edit in design.edits):
                design = _checked(vocabulary, place, design, found)
        except InvalidDesignError as error:
            shown = text[:_SHOWN_CHARACTERS]
            found.malformed.append(Offender(field=place, value=shown, message=error.detail))
            continue
        resolved[index] = design.genotype
    _require_none(found)
    if reader is not None and read is not None and read.unread:
        read = reader.read(resolved)  # in the model's names
    return Resolved(resolved, vocabulary.locus_of, read)


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


def _checked(names: EditNames, place: str, design: Design, found: _Found) -> Design:
    """A design in the names of the model; what cannot be is put down in `found`.

    Raises:
        InvalidDesignError: two of its names are of one gene, which is edited twice.
    """
    edits = []
    for edit in design.edits:
        meant = names.meant(edit)
        if isinstance(meant, Misnamed):
            offenders = found.ambiguous if meant.is_ambiguous else found.unknown
            offenders.append(
                Offender(
                    field=place,
                    value=meant.value,
                    message=meant.message,
                    suggestions=list(meant.suggestions),
                )
            )
            meant = edit
        edits.append(meant)
    return design if edits == list(design.edits) else Design.of(edits)
