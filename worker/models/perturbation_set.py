"""perturbation_set: z_P is a sum of shifts, z_I adds attention among the edited loci.

z_I = z_W + z_P + A(edits), with A exactly 0 for designs of fewer than two edits and zero
everywhere at the start: the model nests the additive one, costs O(P^2) in the number of edits,
and what it adds is the interaction. z_W is a learned vector: with one reference strain there is
nothing to encode it from.

Source: the composition is the published cell algebra (z_I = z_W + z_P); the attention block is
Vaswani et al. 2017 (arXiv 1706.03762) without self-attention and with a null key.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from service.contract.models import PerturbationSetSpec
from worker.latent.algebra import compose, total_shift
from worker.latent.differences import lower_subsets, subset_factors
from worker.models.attention import EditAttention
from worker.models.encoding import DesignBatch
from worker.models.heads import Head

_SHIFT_START = 0.1
_REFERENCE_START = 0.5


class Readings(NamedTuple):
    """Both readings of the head, and the latents they were read at."""

    compose_BY: Tensor
    intact_BY: Tensor
    z_W_D: Tensor
    z_P_BD: Tensor
    z_I_BD: Tensor


class PerturbationSet(nn.Module):
    """See the module's text.

    Args:
        spec: sizes and head.
        edit_count: number of edits the model has a shift for.
        measure_orders: per label, 0 for a label that is read directly, else the order of its
            mixed difference (2 for epsilon and S-scores, 3 for tau).
        generator: all of the random start comes from it.
    """

    def __init__(
        self,
        spec: PerturbationSetSpec,
        *,
        edit_count: int,
        measure_orders: Sequence[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        dim = spec.latent_dim
        self.dropout = spec.dropout
        self.measure_orders = tuple(measure_orders)
        self.reference_D = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.reference_D, std=_REFERENCE_START, generator=generator)
        self.shift_ED = nn.Parameter(torch.empty(edit_count + 1, dim))  # row 0 pads
        nn.init.normal_(self.shift_ED, std=_SHIFT_START, generator=generator)
        self.attention = nn.ModuleList(
            EditAttention(dim, spec.attention_heads, generator)
            for _ in range(spec.attention_layers)
        )
        self.interaction = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.interaction.weight)
        self.head = Head(
            spec.head,
            dim,
            len(self.measure_orders),
            hidden_dim=spec.hidden_dim,
            hidden_layers=spec.hidden_layers,
            generator=generator,
        )

    def states(self, batch: DesignBatch) -> tuple[Tensor, Tensor]:
        """z_P and z_I of each design, [B, D] both."""
        token_BPD = self.shift_ED[batch.edit_BP]
        z_P_BD = total_shift(token_BPD, batch.effect_BP)
        mixed_BPD = token_BPD
        for layer in self.attention:
            mixed_BPD = mixed_BPD + layer(mixed_BPD, batch.effect_BP)
        change_BD = total_shift(mixed_BPD - token_BPD, batch.effect_BP.abs())
        return z_P_BD, compose(self.reference_D, z_P_BD) + self.interaction(change_BD)

    def weights_with(self, gate_D: Tensor | None) -> dict[str, Tensor]:
        """A copy of all weights; gates before the head are multiplied into what reads a state."""
        weights = {name: value.clone() for name, value in self.state_dict().items()}
        if gate_D is not None:
            gate_D = gate_D.detach()
            for name in ("head.linear.weight", "head.hidden.0.weight"):
                if name in weights:
                    weights[name] *= gate_D
            if "head.quadratic_YDD" in weights:
                weights["head.quadratic_YDD"] *= gate_D[:, None] * gate_D
        return weights

    def forward(
        self,
        batch: DesignBatch,
        generator: torch.Generator | None = None,
        gate_D: Tensor | None = None,
    ) -> Readings:
        """Read designs; with a generator the head's dropout is on (training).

        Gates stand between every state and the head; the states that are returned are before them.
        """
        keep_BH = None
        if generator is not None:
            keep_BH = self.head.dropout_mask(len(batch.edit_BP), self.dropout, generator)
        z_P_BD, z_I_BD = self.states(batch)
        compose_BY = self.head(compose(self.reference_D, z_P_BD), keep_BH, gate_D)
        intact_BY = self.head(z_I_BD, keep_BH, gate_D)
        for order in sorted({order for order in self.measure_orders if order}):
            lower_RBY = self._lower_orders(batch, order, keep_BH, gate_D)
            column_Y = torch.tensor([m == order for m in self.measure_orders])
            column_Y = column_Y.to(compose_BY.device)
            deep_B = (batch.edit_BP > 0).sum(dim=1) >= order
            compose_BY, intact_BY = (
                torch.where(column_Y, torch.where(deep_B[:, None], y + lower, 0.0), y)
                for y, lower in zip((compose_BY, intact_BY), lower_RBY, strict=True)
            )
        return Readings(compose_BY, intact_BY, self.reference_D, z_P_BD, z_I_BD)

    def _lower_orders(
        self, batch: DesignBatch, order: int, keep_BH: Tensor | None, gate_D: Tensor | None
    ) -> Tensor:
        """The lower subsets' share in mixed differences, for both readings: [2, B, Y]."""
        rows, width = batch.edit_BP.shape
        edited_BP = batch.edit_BP > 0
        subset_SP = lower_subsets(width, order).to(edited_BP.device)
        factor_SB = subset_factors(edited_BP, subset_SP, order).to(batch.effect_BP.dtype)
        count = len(subset_SP)
        inside_SBP = subset_SP[:, None, :] & edited_BP
        subsets = DesignBatch(
            (batch.edit_BP * inside_SBP).reshape(count * rows, width),
            (batch.effect_BP * inside_SBP).reshape(count * rows, width),
        )
        z_P_ND, z_I_ND = self.states(subsets)
        both_RND = torch.stack([compose(self.reference_D, z_P_ND), z_I_ND])
        keep = None if keep_BH is None else keep_BH.repeat(count, 1)
        y_RSBY = self.head(both_RND, keep, gate_D).reshape(2, count, rows, -1)
        lower_RBY: Tensor = (factor_SB[None, :, :, None] * y_RSBY).sum(dim=1)
        return lower_RBY
