"""perturbation_set: z_P is a sum of shifts, z_I adds attention among the edited loci.

z_I = z_W + z_P + A(edits), with A exactly 0 for designs of fewer than two edits and zero
everywhere at the start: the model nests the additive one, costs O(P^2) in the number of edits,
and what it adds is the interaction. z_W is a learned vector: with one reference strain there is
nothing to encode it from.

Source: the composition is the published cell algebra (z_I = z_W + z_P); the attention block is
Vaswani et al. 2017 (arXiv 1706.03762) without self-attention and with a null key.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from service.contract.latent_models import PerturbationSetSpec
from worker.latent.algebra import compose, total_shift
from worker.models.attention import EditAttention
from worker.models.encoding import DesignBatch
from worker.models.latent_network import LatentNetwork
from worker.models.set_attention import AttendedStates, FixedAttention


class PerturbationSet(LatentNetwork):
    """See the module's text."""

    def __init__(
        self,
        spec: PerturbationSetSpec,
        *,
        edit_count: int,
        measure_orders: Sequence[int],
        generator: torch.Generator,
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
        self.attention = nn.ModuleList(
            EditAttention(dim, spec.attention_heads, generator)
            for _ in range(spec.attention_layers)
        )
        self.interaction = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.interaction.weight)
        self.head = self._new_head(spec, generator, saturates=spec.saturates)
        if self.head.saturation is not None and feature_EF is not None:
            # Shifts that are projected features have no dimension of sizes: it is read as 0.
            self.head.saturation.size_D.zero_()

    def states(self, batch: DesignBatch, tables: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """z_P and z_I of each design, [B, D] both."""
        if self.fixed is not None:
            return self.fixed_states(batch, self.fixed)
        token_BPD = tables[0][batch.edit_BP]
        z_P_BD = total_shift(token_BPD, batch.effect_BP)
        mixed_BPD = token_BPD
        for layer in self.attention:
            mixed_BPD = mixed_BPD + layer(mixed_BPD, batch.effect_BP)
        change_BD = total_shift(mixed_BPD - token_BPD, batch.effect_BP.abs())
        return z_P_BD, compose(self.reference_D, z_P_BD) + self.interaction(change_BD)

    @torch.no_grad()
    def fix(self) -> None:
        """As of every latent network: with one layer, all of its tables are computed once."""
        layer = self.attention[0]
        if len(self.attention) > 1 or not isinstance(layer, EditAttention):
            return
        shift_ED = self.shifts().detach()
        after_ID = (self.interaction.weight @ layer.output.weight).T.contiguous()
        attention = FixedAttention(shift_ED, layer)
        start_D = torch.zeros_like(self.reference_D)
        self.fix_states(AttendedStates(attention, start_D, shift_ED, after_ID))

    @property
    def is_additive(self) -> bool:
        """Whether the attention adds nothing."""
        return not bool(self.interaction.weight.any())
