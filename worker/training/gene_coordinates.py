"""Coordinates of edits whose products are a kernel: of networks, features and kinds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.latent_models import GeneGraphSpec, LatentModelSpec
from service.contract.models import GeneKernelSpec
from worker.data.gene_table import GeneTable
from worker.models.gene_features_by_edit import EditedGenes, Way, edit_features, standard_features
from worker.models.gene_features_network import (
    coordinates,
    diffusion_columns,
    normalized_adjacency,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

# What all edits have in common, and all of one kind, beside a gene's kernel with itself of 1.
_INPUT_REACH = 0.95
_BASE_SHARE = 0.05
_KIND_SHARE = 0.05


def network_inputs(
    model: LatentModelSpec,
    table: GeneTable,
    genes: EditedGenes,
    rows_T: Codes,
    ways: Sequence[Way],
) -> Floats:
    """What a network reads of edits [E, F]: features, those of neighbours, and places in networks.

    Features are spread over each network by up to `hops` rounds of message passing, which needs no
    learning and is done once. A gene's place in a network are its coordinates in the diffusion
    kernel. Blocks have a mean length of about 1.
    """
    value_GF = standard_features(table)
    blocks = [value_GF]
    hops = model.hops if isinstance(model, GeneGraphSpec) else 0
    for network in table.networks.values():
        matrix = normalized_adjacency(network, len(table))
        spread_GF = value_GF
        for _ in range(hops):
            spread_GF = np.asarray(matrix @ spread_GF)
            blocks.append(spread_GF)
        found_GT = diffusion_columns(matrix, rows_T, _INPUT_REACH)
        blocks.append(coordinates(found_GT, rows_T, model.network_dim))
    scaled = [_scaled(block, rows_T) for block in blocks if block.shape[1]]
    value_GF = np.hstack(scaled) if scaled else np.zeros((len(table), 0))
    return edit_features(genes, value_GF, ways)


def _scaled(value_GF: Floats, rows_T: Codes) -> Floats:
    """Values over the mean length of the training genes' rows."""
    length = float(np.sqrt((value_GF[rows_T] ** 2).sum(axis=1).mean())) if len(rows_T) else 1.0
    scaled: Floats = value_GF / (length if length > 0 else 1.0)
    return scaled


def kernel_coordinates(
    model: GeneKernelSpec,
    table: GeneTable,
    genes: EditedGenes,
    rows_T: Codes,
    ways: Sequence[Way],
) -> Floats:
    """Coordinates of edits [E, R].

    The kernel of two genes is that of each network, scaled to 1 on average for a gene with itself,
    and `feature_weight` times the product of their features.

    Args:
        model: which kernels.
        table: features and networks of all genes.
        genes: the edits.
        rows_T: genes of the training part, which the coordinates are exact for.
        ways: kinds and variants that edits may have in common.
    """
    value_GF = standard_features(table)
    kernel_GT = model.feature_weight * (value_GF @ value_GF[rows_T].T)
    for network in table.networks.values():
        matrix = normalized_adjacency(network, len(table))
        found_GT = diffusion_columns(matrix, rows_T, model.reach)
        kernel_GT += found_GT / found_GT[rows_T, np.arange(len(rows_T))].mean()
    of_gene_ER = genes.spread_out(coordinates(kernel_GT, rows_T, model.rank))
    said_EW = np.sqrt(_KIND_SHARE) * genes.indicators(ways)
    ones_E1 = np.full((len(genes.edits), 1), np.sqrt(_BASE_SHARE))
    return np.hstack([of_gene_ER, said_EW, ones_E1])
