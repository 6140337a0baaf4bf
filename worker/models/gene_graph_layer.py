"""One layer of gene_graph: its messages, and what they change. Its formula is in `gene_graph`."""

import math

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from worker.models.heads import gelu, random_linear


def _random_matrix(inputs: int, outputs: int, generator: torch.Generator) -> nn.Parameter:
    matrix = torch.empty(inputs, outputs)
    return nn.Parameter(nn.init.normal_(matrix, std=1 / math.sqrt(inputs), generator=generator))


class DoseMessages(MessagePassing):  # type: ignore[misc]
    """m_v: what the doses of the other edited genes of a design bring along the walks."""

    def __init__(self, latent_dim: int, channels: int, generator: torch.Generator) -> None:
        super().__init__(aggr="sum")
        # Without biases: no dose or no walk is no message.
        self.message_DD = _random_matrix(latent_dim, latent_dim, generator)
        self.gate_CD = _random_matrix(channels, latent_dim, generator)

    def forward(self, change_ND: Tensor, edge_2M: Tensor, walk_MC: Tensor) -> Tensor:
        """Messages [N, D] at N edited genes."""
        found_ND: Tensor = self.propagate(
            edge_2M, sent_ND=change_ND @ self.message_DD, gate_MD=walk_MC @ self.gate_CD
        )
        return found_ND

    def message(self, sent_ND_j: Tensor, gate_MD: Tensor) -> Tensor:
        """One message a walk."""
        return sent_ND_j * gate_MD


class GraphLayer(nn.Module):
    """What a node's state changes by, less what it would in the unedited graph."""

    def __init__(self, latent_dim: int, channels: int, generator: torch.Generator) -> None:
        super().__init__()
        self.messages = DoseMessages(latent_dim, channels, generator)
        self.of_node = random_linear(latent_dim, latent_dim, generator)
        self.of_change_DD = _random_matrix(latent_dim, latent_dim, generator)
        self.update = nn.Linear(latent_dim, latent_dim, bias=False)
        nn.init.zeros_(self.update.weight)

    def forward(
        self, change_ND: Tensor, node_ND: Tensor, edge_2M: Tensor, walk_MC: Tensor
    ) -> Tensor:
        """What is added to each change [N, D]."""
        still_ND = self.of_node(node_ND)
        arriving_ND = self.messages(change_ND, edge_2M, walk_MC)
        moved_ND = still_ND + change_ND @ self.of_change_DD + arriving_ND
        update_ND: Tensor = self.update(gelu(moved_ND) - gelu(still_ND))
        return update_ND
