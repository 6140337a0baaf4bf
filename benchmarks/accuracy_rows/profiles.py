"""What another screen measured of a gene, as features: its scores with every partner.

A pair of two genes that are held out is read by nothing: a partner that is held out is no column,
whatever gene is asked. What is left of a gene that is held out are its scores with other genes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from benchmarks.accuracy_rows.tables import Line
from worker.data.gene_table_store import StoredGenes

PREFIX = "partner_"


def mean_scores(rows: Iterable[Line]) -> dict[tuple[str, str], float]:
    """Mean of the measured S-scores of each pair of two genes, whatever their alleles."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        first, second = sorted((row["gene_a"], row["gene_b"]))
        if first != second and row["s_score"] not in {"", "NaN"}:
            found[first, second].append(float(row["s_score"]))
    return {pair: float(np.mean(values)) for pair, values in found.items()}


def with_profiles(genes: StoredGenes, rows: Iterable[Line], hidden: Collection[str]) -> StoredGenes:
    """The gene table with a column for each partner in the place of its features.

    Args:
        genes: a table of loci.
        rows: pairs of a screen: gene_a, gene_b, s_score.
        hidden: genes that are no partner, because they are held out.
    """
    scores = mean_scores(rows)
    place = {locus: row for row, locus in enumerate(genes.loci)}
    partners = sorted({gene for pair in scores for gene in pair} - set(hidden))
    column = {partner: number for number, partner in enumerate(partners)}
    value_GF = np.full((len(place), len(partners)), np.nan)
    for pair, score in scores.items():
        for gene, partner in (pair, pair[::-1]):
            if gene in place and partner in column:
                value_GF[place[gene], column[partner]] = score
    names = tuple(PREFIX + partner for partner in partners)
    return replace(genes, feature_names=names, value_GF=value_GF, mask_GF=None, evidence=())
