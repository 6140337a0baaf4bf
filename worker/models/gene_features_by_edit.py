"""Features of edits, from what is known of their genes.

An edit has the standardised features of its gene in the block of its direction (loss of activity,
or a kind of its own), and says of which kind and variant it is. So two kinds that remove activity
share what is learned, and an overexpression has effects of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Edit, EditKind, parse_genotype
from worker.data.gene_table import GeneTable

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_LOSS = "loss"
_DIRECTION = {kind: kind.value for kind in EditKind} | dict.fromkeys(
    (EditKind.DELETION, EditKind.KNOCKDOWN, EditKind.ALLELE), _LOSS
)
_LEAST_SPREAD = 1e-9

Way = tuple[EditKind, str | None]


def edit_of(key: str) -> Edit:
    """The edit that a key is the text of."""
    return parse_genotype(key).edits[0]


def ways_to_edit(edits: Iterable[Edit]) -> tuple[Way, ...]:
    """Kinds, and variants that several loci have: what may be done to any gene. Sorted.

    A variant of one locus alone (an allele by its name) means nothing at another.
    """
    loci = Counter({(edit.locus, edit.kind, edit.variant) for edit in edits})
    count = Counter((kind, variant) for _, kind, variant in loci)
    ways = [way for way, times in count.items() if way[1] is None or times > 1]
    return tuple(sorted(ways, key=lambda way: (way[0].value, way[1] or "")))


@dataclass(frozen=True)
class EditedGenes:
    """Row of each edit's gene in a gene table (-1: not in it), and what is done to it."""

    row_E: Codes
    edits: tuple[Edit, ...]

    @classmethod
    def of(cls, keys: Sequence[str], row_of: Mapping[str, int]) -> "EditedGenes":
        """The genes of some edit keys."""
        edits = tuple(edit_of(key) for key in keys)
        return cls(np.array([row_of.get(e.locus, -1) for e in edits], dtype=np.int64), edits)

    def indicators(self, ways: Sequence[Way]) -> Floats:
        """1 where an edit is of a kind and variant [E, W]; 0 where its gene is not in the table."""
        place = {way: i for i, way in enumerate(ways)}
        flag_EW = np.zeros((len(self.edits), len(ways)))
        for row, edit in enumerate(self.edits):
            way = place.get((edit.kind, edit.variant))
            if way is not None and self.row_E[row] >= 0:
                flag_EW[row, way] = 1.0
        return flag_EW

    def spread_out(self, value_GF: Floats) -> Floats:
        """Values of the edits' genes [E, blocks x F], each in the block of its direction."""
        directions = sorted({_DIRECTION[edit.kind] for edit in self.edits})
        value_EF = np.where(self.row_E[:, None] >= 0, value_GF[self.row_E], 0.0)
        of_E = np.array([_DIRECTION[edit.kind] for edit in self.edits], dtype=str)
        blocks = [value_EF * (of_E == name)[:, None] for name in directions]
        return np.hstack(blocks) if blocks else value_EF


def standard_features(table: GeneTable) -> Floats:
    """Features with mean 0 and spread 1 over the genes that have them, over sqrt(F) [G, F].

    A missing feature counts as the mean; one without spread is left out. No label is looked at, so
    that genes that are held out take part.
    """
    value_GF = table.feature_GF
    known_GF = ~np.isnan(value_GF)
    count_F = np.maximum(known_GF.sum(axis=0), 1)
    mean_F = np.where(known_GF, value_GF, 0.0).sum(axis=0) / count_F
    centred_GF = np.where(known_GF, value_GF - mean_F, 0.0)
    spread_F = np.sqrt((centred_GF**2).sum(axis=0) / count_F)
    kept_F = spread_F > _LEAST_SPREAD * np.maximum(1.0, np.abs(mean_F))
    standard_GF: Floats = centred_GF[:, kept_F] / spread_F[kept_F]
    standard_GF /= np.sqrt(max(1, standard_GF.shape[1]))
    return standard_GF


def edit_features(genes: EditedGenes, value_GF: Floats, ways: Sequence[Way]) -> Floats:
    """All that a linear model reads of an edit [E, blocks x F + W]."""
    return np.hstack([genes.spread_out(value_GF), genes.indicators(ways)])
