"""Walks between two genes of a network, for a message that goes from one edited gene to another.

An entry of S^k, S = D^-1/2 A D^-1/2, is what k rounds of message passing bring from one gene to
another. The graph never changes and few of its nodes have a dose, so that all messages between
edited genes come from these entries, whatever the size of the genome.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from worker.data.gene_table import GeneTable
from worker.models.gene_features_network import normalized_adjacency

Codes = NDArray[np.int64]

# Weaker walks are left out: in a genome nearly all genes are joined by some walk of two edges.
LEAST_WALK = 0.005


@dataclass(frozen=True)
class GeneWalks:
    """Walks by pairs of genes: sorted keys from * node_count + to [Q], and weights [Q, C].

    One channel a network and length. `gene_E` is the node of each edit, counted from 1, with the
    padding's 0 in front; 0 has no walks.
    """

    key_Q: Tensor
    weight_QC: Tensor
    gene_E: Tensor
    node_count: int

    def between(self, edit_BP: Tensor) -> Tensor:
        """Weights of the walks between the edits of each design [B, P, P, C]."""
        node_BP = self.gene_E[edit_BP]
        wanted_BPP = node_BP[:, :, None] * self.node_count + node_BP[:, None, :]
        place_BPP = torch.searchsorted(self.key_Q, wanted_BPP).clamp(max=len(self.key_Q) - 1)
        found_BPP = (self.key_Q[place_BPP] == wanted_BPP).to(self.weight_QC)
        walk_BPPC: Tensor = self.weight_QC[place_BPP] * found_BPP[..., None]
        return walk_BPPC

    def to(self, device: torch.device) -> "GeneWalks":
        """The same walks elsewhere."""
        return GeneWalks(
            key_Q=self.key_Q.to(device),
            weight_QC=self.weight_QC.to(device),
            gene_E=self.gene_E.to(device),
            node_count=self.node_count,
        )

    def tensors(self) -> dict[str, Tensor]:
        """What is stored of them."""
        return {
            "graph.key_Q": self.key_Q,
            "graph.weight_QC": self.weight_QC,
            "graph.gene_E": self.gene_E,
            "graph.node_count": torch.tensor(self.node_count),
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "GeneWalks":
        """The walks that `tensors` came from."""
        return cls(
            key_Q=tensors["graph.key_Q"],
            weight_QC=tensors["graph.weight_QC"],
            gene_E=tensors["graph.gene_E"],
            node_count=int(tensors["graph.node_count"]),
        )


def _powers(matrix: csr_matrix, hops: int) -> list[csr_matrix]:
    """S, S^2, ... without walks back to their start and without weak ones."""
    found, power = [], matrix
    for hop in range(hops):
        power = matrix if hop == 0 else csr_matrix(power @ matrix)
        kept = power.tocoo()
        strong_Q = (kept.row != kept.col) & (kept.data >= LEAST_WALK)
        part = (kept.data[strong_Q], (kept.row[strong_Q], kept.col[strong_Q]))
        found.append(csr_matrix(part, shape=matrix.shape))
    return found


def _keys(channel: csr_matrix, nodes: int) -> Codes:
    entries = channel.tocoo()
    keys: Codes = (entries.row.astype(np.int64) + 1) * nodes + entries.col + 1
    return keys


def gene_walks(table: GeneTable, row_E: Codes, hops: int) -> GeneWalks:
    """Walks of up to `hops` edges in each network of a table, in the order of their names.

    Args:
        table: its networks.
        row_E: row of the gene of each edit, -1 where it is not in the table.
        hops: the greatest length.
    """
    channels = [
        power
        for name in sorted(table.networks)
        for power in _powers(normalized_adjacency(table.networks[name], len(table)), hops)
    ]
    nodes = len(table) + 1  # 0 is padding, and genes that are not in the table
    keys = [_keys(channel, nodes) for channel in channels]
    key_Q = np.unique(np.concatenate([np.zeros(1, dtype=np.int64), *keys]))
    weight_QC = np.zeros((len(key_Q), len(channels)), dtype=np.float32)
    for place, (channel, key) in enumerate(zip(channels, keys, strict=True)):
        weight_QC[np.searchsorted(key_Q, key), place] = channel.tocoo().data
    return GeneWalks(
        key_Q=torch.from_numpy(key_Q),
        weight_QC=torch.from_numpy(weight_QC),
        gene_E=torch.from_numpy(np.concatenate([[0], row_E + 1])),
        node_count=nodes,
    )
