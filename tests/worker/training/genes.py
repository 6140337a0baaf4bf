"""Gene tables as a training gets them, and designs whose labels follow from features."""

import numpy as np

from service.contract.genes import GenesUsed
from worker.data.gene_choice import ChosenGenes
from worker.data.gene_table import GeneTable, Network

LOCI = tuple(f"g{i}" for i in range(12))


def chosen(table: GeneTable) -> ChosenGenes:
    return ChosenGenes(
        table,
        GenesUsed(
            gene_table_id="genes-1",
            table_sha256="c" * 64,
            are_genes_held_out=True,
            features=list(table.feature_names),
            features_off=[],
            evidence_off=[],
            networks=[],
        ),
    )


def gene_table(seed=0, loci=(*LOCI, "new"), aliases=None) -> GeneTable:
    """Three features, one without a spread; a ring of loci."""
    rng = np.random.default_rng(seed)
    value_GF = rng.normal(size=(len(loci), 3))
    value_GF[:, 2] = 7.0
    count = len(loci)
    ring = np.stack([np.arange(count), (np.arange(count) + 1) % count])
    return GeneTable(
        loci=tuple(loci),
        aliases=aliases or {},
        feature_names=("a", "b", "flat"),
        feature_GF=value_GF,
        networks={"ring": Network("ring", ("seen",), ring, np.ones((count, 1)))},
    )


def weights(table: GeneTable) -> dict[str, float]:
    """What each locus does to the label: a sum of its features."""
    return {locus: table.feature_GF[row] @ [1.0, -0.5, 0.0] for row, locus in enumerate(table.loci)}


def pair_designs(loci=LOCI, kind="deletion") -> list[str]:
    """The reference, all singles, all pairs."""
    singles = [f"{x}:{kind}" for x in loci]
    pairs = [f"{a}+{b}" for i, a in enumerate(singles) for b in singles[i + 1 :]]
    return ["", *singles, *pairs]
