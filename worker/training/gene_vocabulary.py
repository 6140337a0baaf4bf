"""The edits that a model with features of genes can encode: those trained on, and many more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.candidates import ModelSpec
from service.contract.designs import Design, Edit
from service.contract.latent_models import (
    GeneGraphSpec,
    LatentModelSpec,
    PerturbationSetSpec,
    SetTransformerSpec,
)
from service.contract.models import GeneKernelSpec
from worker.models.encoding import EditIndex
from worker.models.gene_features_by_edit import (
    EditedGenes,
    Way,
    edit_features,
    edit_of,
    standard_features,
    ways_to_edit,
)
from worker.models.gene_graph_walks import GeneWalks, gene_walks
from worker.models.observations import KnownGenes
from worker.training.gene_coordinates import kernel_coordinates, network_inputs
from worker.training.gene_join import JoinedGenes
from worker.training.memory import require_kernel_memory, require_walk_memory

Floats = NDArray[np.float64]

READS_GENES = frozenset(
    {"perturbation_set", "feature_ridge", "gene_kernel", "gene_graph", "set_transformer"}
)


@dataclass(frozen=True)
class GeneVocabulary:
    """Edits of the training part first, then every locus of the gene table in every way.

    And what else the data set has of these loci.

    `known` has a row for each of them, of zeros where the gene is not in the table; `input_EF`
    is what networks read of them, `walks` the messages between their genes.
    """

    index: EditIndex
    known: KnownGenes
    input_EF: Floats
    walks: GeneWalks | None


def _names(joined: JoinedGenes) -> dict[str, int]:
    """Row of each gene by the name that the model has for it: that of the data set, if any."""
    called = {row: locus for locus, row in sorted(joined.row_of.items(), reverse=True)}
    others = {locus: row for row, locus in enumerate(joined.table.loci) if row not in called}
    return {**others, **joined.row_of}


def reads_networks(model: ModelSpec) -> bool:
    """Whether a model with a gene table reads its networks."""
    if isinstance(model, PerturbationSetSpec | SetTransformerSpec):
        return model.network_dim > 0
    return isinstance(model, GeneGraphSpec | GeneKernelSpec)


def gene_vocabulary(
    model: ModelSpec,
    index: EditIndex,
    joined: JoinedGenes | None,
    designs: Iterable[Design] = (),
) -> GeneVocabulary | None:
    """What a model reads of genes; None for one that reads nothing of them, or without genes.

    Designs of a gene without data can be encoded then. A locus of the gene table that is no name
    of a locus of the data set is called as in the table.

    Args:
        model: what is trained.
        index: edits of the training part.
        joined: the genes.
        designs: all that the data set holds: their alleles of known genes can be encoded as well.
    """
    if joined is None or model.kind not in READS_GENES:
        return None
    row_of = _names(joined)
    ways = ways_to_edit(edit_of(key) for key in index.keys)
    named = {e.key for d in designs for e in d.edits if e.locus in row_of}
    keys = [*index.keys, *sorted((_further(row_of, ways) | named) - set(index.keys))]
    genes = EditedGenes.of(keys, row_of)
    # In the order of their names, so that the order of the table does not show in the weights.
    trained = dict.fromkeys(genes.row_E[: len(index)].tolist())
    rows_T = np.array([row for row in trained if row >= 0], dtype=np.int64)
    coordinate_ER = none_E = np.zeros((len(keys), 0))
    _require_memory(model, joined, len(rows_T))
    if isinstance(model, GeneKernelSpec):
        coordinate_ER = kernel_coordinates(model, joined.table, genes, rows_T, ways)
    loci = {edit.locus: place for place, edit in enumerate(genes.edits)}
    known = KnownGenes(
        feature_EF=edit_features(genes, standard_features(joined.table), ways),
        coordinate_ER=coordinate_ER,
        locus_E=np.array([loci[edit.locus] for edit in genes.edits], dtype=np.int64),
    )
    input_EF = none_E
    if isinstance(model, LatentModelSpec):
        input_EF = network_inputs(model, joined.table, genes, rows_T, ways)
    return GeneVocabulary(
        EditIndex(keys),
        known,
        input_EF=input_EF,
        walks=gene_walks(joined.table, genes.row_E, model.hops)
        if isinstance(model, GeneGraphSpec)
        else None,
    )


def _require_memory(model: ModelSpec, joined: JoinedGenes, trained: int) -> None:
    networks = joined.table.networks
    if isinstance(model, GeneKernelSpec) or (networks and reads_networks(model)):
        require_kernel_memory(len(joined.table), trained)
    if isinstance(model, GeneGraphSpec):
        require_walk_memory(networks, len(joined.table), model.hops)


def _further(row_of: Mapping[str, int], ways: Sequence[Way]) -> set[str]:
    return {
        Edit(locus=locus, kind=kind, variant=variant).key
        for locus in row_of
        for kind, variant in ways
    }
