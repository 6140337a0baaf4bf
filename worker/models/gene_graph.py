"""gene_graph: message passing over gene networks, with doses on the edited genes.

Node v of a design has the dose r_v. Its state less that of the unedited graph is

    d_v = r_v s_v,    then per layer    d_v += |r_v| U (f(H h_v + T d_v + m_v) - f(H h_v)),
    m_v = sum over other edited u of (w_uv G) * (M d_u),    z_I = z_W + sum over edited v of d_v.

s_v and h_v, what an edit does to its gene and how the gene stands in the unedited graph, come from
features that walks have spread over the networks; w_uv holds the walks from u to v
(`worker.models.gene_graph_walks`), so that a dose reaches the other edited genes as k rounds of
message passing over the whole genome would bring it there. What it costs grows with the edits of a
design, not with the genome. Reading edited genes alone, against the unedited graph, leaves neither
a mean over thousands of unmoved genes nor a sum that composes whatever is learned.

z_P is a sum of shifts of an encoder of its own: z_I = z_W + z_P is a constraint that the
composition loss has to teach.

Source: Gilmer et al. 2017 (arXiv 1704.01212) for the messages; Frasca et al. 2020, SIGN (arXiv
2004.11198) for powers of the graph that are computed once; GELU and a zero start of U are ours.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from service.contract.latent_models import GeneGraphSpec
from worker.latent.algebra import compose, total_shift
from worker.models.encoding import DesignBatch
from worker.models.gene_features import FeatureShifts
from worker.models.gene_graph_layer import GraphLayer
from worker.models.gene_graph_tables import FixedMessages, GraphStates, NodeTables, after_messages
from worker.models.gene_graph_walks import GeneWalks
from worker.models.latent_network import LatentNetwork


def _edges(batch: DesignBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Ordered pairs of different places of one design, as nodes [2, M], and where they lie."""
    rows, width = batch.edit_BP.shape
    device = batch.edit_BP.device
    sender_Q, receiver_Q = torch.nonzero(~torch.eye(width, dtype=torch.bool, device=device)).T
    start_B1 = (torch.arange(rows, device=device) * width)[:, None]
    edge_2M = torch.stack([(start_B1 + x).flatten() for x in (sender_Q, receiver_Q)])
    return edge_2M, sender_Q, receiver_Q


class GeneGraph(LatentNetwork):
    """See the module's text.

    Args:
        spec: sizes and head.
        edit_count: number of edits the model has shifts for.
        measure_orders: as of every latent network.
        generator: all of the random start comes from it.
        walks: of all edits, or of more that stand after them.
        feature_EF: features of the edits; a trained model has none, but their shifts.
    """

    def __init__(
        self,
        spec: GeneGraphSpec,
        *,
        edit_count: int,
        measure_orders: Sequence[int],
        generator: torch.Generator,
        walks: GeneWalks,
        feature_EF: Tensor | None = None,
    ) -> None:
        super().__init__(
            spec,
            edit_count=edit_count,
            measure_orders=measure_orders,
            generator=generator,
            feature_EF=feature_EF,
        )
        dim = spec.latent_dim
        self.walks = walks
        self.intact_ED = nn.Parameter(torch.zeros(edit_count + 1, dim))
        self.node_ED = nn.Parameter(torch.zeros(edit_count + 1, dim))
        self.intact: FeatureShifts | None = None
        self.nodes: FeatureShifts | None = None
        if feature_EF is not None:
            self.intact = FeatureShifts(feature_EF, dim, generator)
            self.nodes = FeatureShifts(feature_EF, dim, generator)
        channels = walks.weight_QC.shape[1]
        self.layers = nn.ModuleList(
            GraphLayer(dim, channels, generator) for _ in range(spec.layers)
        )
        self.head = self._new_head(spec, generator)

    def tables(self, generator: torch.Generator | None = None) -> tuple[Tensor, ...]:
        """Shifts, what edits do to their nodes, and how these stand without them."""
        shift_ED = self.shifts(generator)
        if self.intact is None or self.nodes is None:
            return shift_ED, self.intact_ED, self.node_ED
        intact_ED = self.intact(self.intact_ED, generator)
        return shift_ED, intact_ED, self.nodes(self.node_ED, generator)

    def states(self, batch: DesignBatch, tables: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """z_P and z_I of each design, [B, D] both."""
        if self.fixed is not None:
            return self.fixed_states(batch, self.fixed)
        shift_ED, intact_ED, node_ED = tables
        z_P_BD = total_shift(shift_ED[batch.edit_BP], batch.effect_BP)
        edge_2M, sender_Q, receiver_Q = _edges(batch)
        walk_BPPC = self.walks.between(batch.edit_BP).to(shift_ED)
        walk_MC = walk_BPPC[:, sender_Q, receiver_Q].flatten(0, 1)
        node_ND = node_ED[batch.edit_BP].flatten(0, 1)
        dose_N1 = batch.effect_BP.flatten()[:, None]
        change_ND = dose_N1 * intact_ED[batch.edit_BP].flatten(0, 1)
        for layer in self.layers:
            change_ND = change_ND + dose_N1.abs() * layer(change_ND, node_ND, edge_2M, walk_MC)
        change_BPD = change_ND.view(*batch.edit_BP.shape, -1)
        return z_P_BD, compose(self.reference_D, change_BPD.sum(dim=1))

    @torch.no_grad()
    def fix(self) -> None:
        """As of every latent network: with one layer, all of its tables are computed once."""
        layer = self.layers[0]
        if len(self.layers) > 1 or not isinstance(layer, GraphLayer):
            return
        shift_ED, intact_ED, node_ED = (table.detach() for table in self.tables())
        messages = FixedMessages(NodeTables.of(intact_ED, node_ED, layer), self.walks)
        start_D, after_DD = torch.zeros_like(self.reference_D), after_messages(layer)
        self.fix_states(GraphStates(messages, start_D, shift_ED, intact_ED, after_DD))

    @property
    def is_additive(self) -> bool:
        """Whether no state of a node has moved by more than its own dose."""
        return not any(bool(weight.any()) for weight in self._updates())

    def _updates(self) -> list[Tensor]:
        return [layer.update.weight for layer in self.layers if isinstance(layer, GraphLayer)]

    @torch.no_grad()
    def align_encoders(self) -> None:
        """Start with z_I = z_W + z_P: both encoders alike, and no messages yet."""
        if self.intact is not None and self.genes is not None:
            self.intact.projection_FD.copy_(self.genes.projection_FD)
        self.intact_ED.copy_(self.shift_ED)

    @torch.no_grad()
    def with_all_shifts(self, further_EF: Tensor) -> dict[str, Tensor]:
        """Weights of the same network without features, as of every latent network."""
        weights = super().with_all_shifts(further_EF)
        if self.intact is None or self.nodes is None:
            return weights
        kept = {k: v for k, v in weights.items() if not k.startswith(("intact.", "nodes."))}
        _, intact_ED, node_ED = self.tables()
        kept["intact_ED"] = torch.cat([intact_ED, self.intact.project(further_EF)])
        kept["node_ED"] = torch.cat([node_ED, self.nodes.project(further_EF)])
        return kept
