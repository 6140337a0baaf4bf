"""gene_graph with one layer, from tables of edits. Imports numba.

With one layer all but the meeting of two edited genes is known of an edit by itself: what its node
sends and has, at a dose of 1, and what it would be without messages. Where two genes have no walk
nothing is computed. The sums are those of `worker.models.gene_graph`, in another order.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.compiled import quickly
from worker.models.encoding import DesignBatch
from worker.models.gelu_loops import t_erf
from worker.models.gene_graph_layer import GraphLayer
from worker.models.gene_graph_walks import GeneWalks
from worker.models.heads import gelu
from worker.models.set_attention import mapped_rows, sum_effects

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_ROOT_HALF, _ROOT_TWO = sqrt(0.5), sqrt(2.0)


class NodeTables(NamedTuple):
    """Of nodes with an edit [E, D], over sqrt 2, as GELU is taken of them.

    `still_ED` is what a node's GELU is taken of in the unedited graph, and `before_ED` that GELU,
    times sqrt 2. `moved_ED` is what a dose of 1 adds to the first, `sent_ED` what it sends, and
    `gate_CD` what each channel of a walk lets through.
    """

    still_ED: Floats
    before_ED: Floats
    moved_ED: Floats
    sent_ED: Floats
    gate_CD: Floats

    @classmethod
    def of(cls, intact_ED: Tensor, node_ED: Tensor, layer: GraphLayer) -> "NodeTables":
        """Those of a layer, from what edits do to their nodes, and how these stand without."""
        still_ED = mapped_rows(node_ED, layer.of_node.weight.T) + layer.of_node.bias
        messages = layer.messages
        moved_ED, sent_ED = (
            mapped_rows(intact_ED, _ROOT_HALF * map_DD)
            for map_DD in (layer.of_change_DD, messages.message_DD)
        )
        tables = (_ROOT_HALF * still_ED, _ROOT_TWO * gelu(still_ED), moved_ED, sent_ED)
        return cls(*(table.numpy() for table in (*tables, messages.gate_CD.detach())))


class FixedMessages:
    """What messages change of the nodes of designs, before the last map, in float64."""

    def __init__(self, nodes: NodeTables, walks: GeneWalks) -> None:
        self._nodes = nodes
        self._gene_E = walks.gene_E.numpy()
        self._key_Q, self._weight_QC = walks.key_Q.numpy(), walks.weight_QC.double().numpy()
        self._node_count = walks.node_count

    def changes(self, batch: DesignBatch) -> Tensor:
        """Sums over nodes of |dose| (GELU with messages - GELU without), times sqrt 2 [B, D]."""
        edit_BP, effect_BP = batch.edit_BP.numpy(), batch.effect_BP.numpy()
        change_BD = np.zeros((len(edit_BP), self._nodes.still_ED.shape[1]))
        walks = (self._gene_E, self._node_count, self._key_Q, self._weight_QC)
        _pass(edit_BP, effect_BP, *self._nodes, *walks, change_BD)
        return torch.from_numpy(change_BD)


class GraphStates(NamedTuple):
    """Of designs z_P and z_I - z_W, or a linear map of them, from tables of edits.

    `start_X` is added to both, `shift_EX` and `intact_EX` are maps of what edits do to the state
    and to their nodes, and `after_DX` follows what messages change.
    """

    messages: FixedMessages
    start_X: Tensor
    shift_EX: Tensor
    intact_EX: Tensor
    after_DX: Tensor

    def __call__(self, batch: DesignBatch) -> Tensor:
        """Both maps [2, B, X]."""
        found_RBX = torch.empty(2, len(batch.edit_BP), len(self.start_X), dtype=torch.float64)
        sum_effects(batch, self.start_X, self.shift_EX, out=found_RBX[0])
        sum_effects(batch, self.start_X, self.intact_EX, out=found_RBX[1])
        found_RBX[1].addmm_(self.messages.changes(batch), self.after_DX)
        return found_RBX

    def mapped(self, map_XF: Tensor, start_F: Tensor) -> "GraphStates":
        """A further map of them, x -> x `map_XF` + `start_F`."""
        return GraphStates(
            self.messages,
            self.start_X @ map_XF + start_F,
            mapped_rows(self.shift_EX, map_XF),
            mapped_rows(self.intact_EX, map_XF),
            self.after_DX @ map_XF,
        )


def after_messages(layer: GraphLayer) -> Tensor:
    """The last map of a layer [D, D], which `changes` are to go through."""
    return _ROOT_HALF * layer.update.weight.T


@quickly
def _pass(  # noqa: C901  # with functions for the inner loops it takes three times as long
    edit_BP: Codes,
    effect_BP: Floats,
    still_ED: Floats,
    before_ED: Floats,
    moved_ED: Floats,
    sent_ED: Floats,
    gate_CD: Floats,
    gene_E: Codes,
    node_count: int,
    key_Q: Codes,
    weight_QC: Floats,
    change_BD: Floats,
) -> None:
    channels, dim = gate_CD.shape
    t_D, gate_D = np.empty(dim), np.empty(dim)
    for b in range(len(edit_BP)):
        for p in range(edit_BP.shape[1]):
            own, dose = edit_BP[b, p], effect_BP[b, p]
            if dose == 0:
                continue
            for d in range(dim):
                t_D[d] = still_ED[own, d] + dose * moved_ED[own, d]
            for k in range(edit_BP.shape[1]):
                other, sent = edit_BP[b, k], effect_BP[b, k]
                if k == p or sent == 0:
                    continue
                key = gene_E[other] * node_count + gene_E[own]
                place = np.searchsorted(key_Q, key)
                if place == len(key_Q) or key_Q[place] != key:
                    continue
                gate_D[:] = 0.0
                for c in range(channels):
                    for d in range(dim):
                        gate_D[d] += weight_QC[place, c] * gate_CD[c, d]
                for d in range(dim):
                    t_D[d] += sent * gate_D[d] * sent_ED[other, d]
            size = abs(dose)
            for d in range(dim):
                after = t_D[d] + t_erf(t_D[d])
                change_BD[b, d] += size * (after - before_ED[own, d])
