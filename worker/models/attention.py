"""Attention among the edited loci."""

import math

import torch
from torch import Tensor, nn

from worker.models.heads import random_linear


class EditAttention(nn.Module):
    """One layer: every edit attends to the *other* edits of its design, or to nothing.

    An edit does not attend to itself, and there is always a null key with value 0: an edit that
    stands alone is left as it is, exactly. Keys are weighted by |effect|, so that an edit without
    effect is the same as none.
    """

    def __init__(self, latent_dim: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.width = max(1, latent_dim // heads)
        inner = heads * self.width
        self.query = random_linear(latent_dim, inner, generator)
        self.key = random_linear(latent_dim, inner, generator)
        self.value = random_linear(latent_dim, inner, generator)
        self.output = nn.Linear(inner, latent_dim, bias=False)
        nn.init.normal_(self.output.weight, std=1.0 / math.sqrt(inner), generator=generator)

    @staticmethod
    def normal(token_D: Tensor) -> Tensor:
        """Tokens [..., D] of length sqrt D."""
        return nn.functional.rms_norm(token_D, token_D.shape[-1:], eps=1e-6)

    def projected(self, token_D: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of tokens [..., I]."""
        normal_D = self.normal(token_D)
        return self.query(normal_D), self.key(normal_D), self.value(normal_D)

    def _split(self, x_BPI: Tensor) -> Tensor:
        rows, width, _ = x_BPI.shape
        return x_BPI.view(rows, width, self.heads, self.width)

    def forward(self, token_BPD: Tensor, effect_BP: Tensor) -> Tensor:
        """What is added to every token [B, P, D]."""
        rows, width, _ = token_BPD.shape
        query_BPHW, key_BPHW, value_BPHW = map(self._split, self.projected(token_BPD))
        # Sums of products rather than batched matrix products: designs hold a handful of edits,
        # and matrices of that size cost two to four times as much.
        score_BQKH = (query_BPHW[:, :, None] * key_BPHW[:, None]).sum(dim=-1)
        presence_BP = effect_BP.abs().log()  # -inf at padding
        score_BQKH = score_BQKH / math.sqrt(self.width) + presence_BP[:, None, :, None]
        alone_QK1 = torch.eye(width, dtype=torch.bool, device=score_BQKH.device)[..., None]
        score_BQKH = score_BQKH.masked_fill(alone_QK1, -torch.inf)
        nothing_BQ1H = torch.zeros_like(score_BQKH[:, :, :1])
        share_BQKH = torch.cat([score_BQKH, nothing_BQ1H], dim=2).softmax(dim=2)[:, :, :-1]
        mixed_BPHW = (share_BQKH[..., None] * value_BPHW[:, None]).sum(dim=2)
        update_BPD: Tensor = self.output(mixed_BPHW.reshape(rows, width, self.heads * self.width))
        return update_BPD
