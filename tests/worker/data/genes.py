"""A small gene table and a network of it, as they are stored."""

import numpy as np

from service.contract.genes import GenesUse
from worker.data.gene_choice import ChosenGenes, StoredSource, choose_genes
from worker.data.gene_table import Network
from worker.data.gene_table_store import StoredGenes, StoredNetwork

LOCI = ("YER069W", "YCL058W-A", "YJL115W", "YOR141C")
GENES = StoredGenes(
    loci=LOCI,
    aliases_G=(("ARG5,6",), ("ADF1",), ("ASF1", "CIA1"), ("ARP8", "CIA1")),
    feature_names=("length", "emb0", "emb1"),
    value_GF=np.array(
        [[863.0, 0.1, 0.2], [113.0, np.nan, 0.4], [279.0, 0.5, 0.6], [881.0, 0.7, 0.8]]
    ),
    off_when_held_out=("emb*",),
)
# Bit 0 is IGI, bit 1 is IMP.
ANNOTATIONS = StoredGenes(
    loci=LOCI,
    aliases_G=((), (), (), ()),
    feature_names=("chromatin", "arginine"),
    value_GF=None,
    mask_GF=np.array([[0, 2], [1, 0], [3, 0], [1, 0]], dtype=np.uint64),
    evidence=("IGI", "IMP"),
)
STRING = StoredNetwork(
    Network(
        "string",
        ("experiments", "textmining", "database"),
        np.array([[0, 1, 2], [1, 2, 3]]),
        np.array([[0.2, 0.9, 0.0], [0.0, 0.8, 0.0], [0.7, 0.0, 0.4]]),
    ),
    off_when_held_out=("database",),
)


def choose(genes=GENES, *, is_held_out=False, **use) -> ChosenGenes:
    """What a training with `use` is given of the table and its network."""
    return choose_genes(
        GenesUse(gene_table_id="genes_1", **use),
        genes,
        {"string": StoredSource("network_1", "f" * 64, STRING)},
        table_sha256="e" * 64,
        are_genes_held_out=is_held_out,
    )
