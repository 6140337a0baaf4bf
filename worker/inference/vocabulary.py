"""What a model has names for: genotypes and designs to columns of its edits, and refusals."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from service.contract.designs import Design, parse_genotype
from service.contract.errors import Offender, UnknownEditsError
from service.contract.genotype_reader import GenotypeReader
from worker.inference.parts import Places, parts_of, request_order
from worker.models.encoding import DesignBatch, EditIndex, EncodedDesigns


class Parts(NamedTuple):
    """Designs of a request in parts of like size, as columns and padded.

    `order_B` tells where each design of the request stands in the parts put one behind the other.
    """

    designs: list[EncodedDesigns]
    batches: list[DesignBatch]
    order_B: Places


class Vocabulary:
    """The edits of a model, which designs are asked for by."""

    def __init__(self, edits: Sequence[str]) -> None:
        self.index = EditIndex(edits)
        self._reader = GenotypeReader(edits)

    def read(self, genotypes: Sequence[str]) -> tuple[list[str], EncodedDesigns]:
        """Canonical texts of genotypes, and their designs.

        Raises:
            InvalidDesignError: a genotype is malformed.
            UnknownEditsError: an edit is not in the vocabulary; every offender is listed.
        """
        read = self._reader.read(genotypes)
        if read.unread:
            raise self.unknown_edits([parse_genotype(text) for text in genotypes])
        return read.genotypes, EncodedDesigns.of(read)

    def parts(self, designs: Sequence[Design] | EncodedDesigns) -> Parts:
        """Designs in parts. Their edits must be known.

        Raises:
            KeyError: an edit is not.
        """
        known = designs
        if not isinstance(known, EncodedDesigns):
            known = self.index.columns(known)
        places = parts_of(known.orders)
        parts = [known] if len(places) == 1 else [known.rows(place_B) for place_B in places]
        return Parts(parts, [self.index.batch(part) for part in parts], request_order(places))

    def unknown_edits(
        self, designs: Sequence[Design], field: str = "genotypes"
    ) -> UnknownEditsError:
        """The error that names every edit of `designs` that the model does not know."""
        offenders = [
            Offender(
                field=f"{field}[{row}]",
                value=str(edit),
                message=f"the model has no edit {edit.key}",
                suggestions=get_close_matches(edit.key, self.index.keys, n=3),
            )
            for row, design in enumerate(designs)
            for edit in design.edits
            if edit.key not in self.index
        ]
        edits = len({offender.value for offender in offenders})
        return UnknownEditsError(
            f"edits outside the model's vocabulary: {edits}; nothing was scored", offenders
        )
