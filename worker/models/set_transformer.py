"""set_transformer: edits read all genes, and genes read the edits.

z_I = z_W + z_P + U sum over edits v of |r_v| y_v, where y_v is what edit v reads of the genes that
the edits of its design have changed (`worker.models.gene_attention`). U is zero at the start, so
that the model nests the additive one. The genes are those of the edits that are trained on, one
token an edit: projected features, where there are any, and a learned part. Work grows with edits
times genes, not with edits squared alone, which is what a GPU is for.

Source: Lee et al. 2019, Set Transformer (arXiv 1810.00825): attention to a set through inducing
points, which are the genes here; the key for no edit, the difference of GELU and the zero start
are ours.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from service.contract.latent_models import SetTransformerSpec
from worker.latent.algebra import compose, total_shift
from worker.models.encoding import DesignBatch
from worker.models.gene_attention import GeneAttention
from worker.models.gene_features import FeatureShifts
from worker.models.latent_network import LatentNetwork

_TOKEN_START = 1.0


class SetTransformer(LatentNetwork):
    """See the module's text.

    Args:
        spec: sizes and head.
        edit_count: number of edits the model has shifts for.
        measure_orders: as of every latent network.
        generator: all of the random start comes from it.
        feature_EF: features of the edits; a trained model has none, but their shifts and tokens.
        gene_count: tokens of genes; as many as edits without it.
    """

    def __init__(
        self,
        spec: SetTransformerSpec,
        *,
        edit_count: int,
        measure_orders: Sequence[int],
        generator: torch.Generator,
        feature_EF: Tensor | None = None,
        gene_count: int | None = None,
    ) -> None:
        super().__init__(
            spec,
            edit_count=edit_count,
            measure_orders=measure_orders,
            generator=generator,
            feature_EF=feature_EF,
        )
        dim = spec.latent_dim
        self.gene_GD = nn.Parameter(torch.zeros(gene_count or edit_count, dim))
        self.tokens: FeatureShifts | None = None
        if feature_EF is None:
            nn.init.normal_(self.gene_GD, std=_TOKEN_START, generator=generator)
        else:
            self.tokens = FeatureShifts(feature_EF, dim, generator)
        self.attention = nn.ModuleList(
            GeneAttention(dim, spec.attention_heads, generator)
            for _ in range(spec.attention_layers)
        )
        self.interaction = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.interaction.weight)
        self.head = self._new_head(spec, generator)

    def tables(self, generator: torch.Generator | None = None) -> tuple[Tensor, ...]:
        """Shifts of the edits, and tokens of the genes."""
        shift_ED = self.shifts(generator)
        if self.tokens is None:
            return shift_ED, self.gene_GD
        learned_ED = nn.functional.pad(self.gene_GD, (0, 0, 1, 0))
        return shift_ED, self.tokens(learned_ED, generator)[1:]

    def states(self, batch: DesignBatch, tables: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """z_P and z_I of each design, [B, D] both."""
        shift_ED, gene_GD = tables
        token_BPD = shift_ED[batch.edit_BP]
        z_P_BD = total_shift(token_BPD, batch.effect_BP)
        mixed_BPD = token_BPD
        for layer in self.attention:
            mixed_BPD = mixed_BPD + layer(mixed_BPD, batch.effect_BP, gene_GD)
        change_BD = total_shift(mixed_BPD - token_BPD, batch.effect_BP.abs())
        return z_P_BD, compose(self.reference_D, z_P_BD) + self.interaction(change_BD)

    @property
    def is_additive(self) -> bool:
        """Whether the attention adds nothing."""
        return not bool(self.interaction.weight.any())

    @torch.no_grad()
    def with_all_shifts(self, further_EF: Tensor) -> dict[str, Tensor]:
        """Weights of the same network without features; the genes stay those of the training."""
        weights = super().with_all_shifts(further_EF)
        kept = {k: v for k, v in weights.items() if not k.startswith("tokens.")}
        kept["gene_GD"] = self.tables()[1]
        return kept
