"""Attention of the edited loci to all genes, which attend to the edits."""

import math

import torch
from torch import Tensor, nn

from worker.models.heads import random_linear

_MOST_VALUES = 2**25  # of one array of a part of the designs, where nothing is learned


class GeneAttention(nn.Module):
    """One layer: genes read the edits of a design, and edits read what that changed of the genes.

    With x_v the token of edit v, r_v its effect, h_g the token of gene g and W the width of a head
    (queries, keys and values are of tokens of length sqrt D):

        e_gv = |r_v| exp(q(h_g).k(x_v) / sqrt W)
        m_g = sum over v of sign(r_v) e_gv v(x_v) / (1 + sum over v of e_gv)
        c_g = GELU(A h_g + B m_g) - GELU(A h_g)
        y_v = O sum over g of softmax over g of (q'(x_v).k'(h_g) / sqrt W) c_g

    for each head. The 1 is a key with value 0 that stands for no edit: without effects c_g is 0.
    """

    def __init__(self, latent_dim: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads, self.width = heads, max(1, latent_dim // heads)
        inner = heads * self.width
        names = ("edit_key", "edit_value", "edit_query", "gene_query", "gene_key", "still")
        self.maps = nn.ModuleDict(
            {name: random_linear(latent_dim, inner, generator) for name in names}
        )
        # Without biases: where nothing arrives nothing changes.
        self.arriving = _matrix(inner, inner, generator)
        self.output = _matrix(inner, latent_dim, generator)

    def _heads(self, name: str, token: Tensor) -> Tensor:
        """Queries, keys or values [..., H, W] of normalised tokens [..., D]."""
        normal = nn.functional.rms_norm(token, token.shape[-1:], eps=1e-6)
        found: Tensor = self.maps[name](normal).unflatten(-1, (self.heads, self.width))
        return found

    def forward(self, edit_BPD: Tensor, effect_BP: Tensor, gene_GD: Tensor) -> Tensor:
        """What is added to every token of an edit [B, P, D]."""
        if torch.is_grad_enabled() or not len(effect_BP):
            return self._part(edit_BPD, effect_BP, gene_GD)
        inner = self.heads * max(self.width, effect_BP.shape[1] + 1)
        at_once = max(1, _MOST_VALUES // (len(gene_GD) * inner))
        edits, effects = torch.split(edit_BPD, at_once), torch.split(effect_BP, at_once)
        parts = [self._part(*part, gene_GD) for part in zip(edits, effects, strict=True)]
        return torch.cat(parts)

    def _part(self, edit_BPD: Tensor, effect_BP: Tensor, gene_GD: Tensor) -> Tensor:
        changed_BGHW = self._changed(edit_BPD, effect_BP, gene_GD)
        query_BPHW = self._heads("edit_query", edit_BPD)
        key_GHW = self._heads("gene_key", gene_GD)
        score_BPHG = torch.einsum("bphw,ghw->bphg", query_BPHW, key_GHW) / math.sqrt(self.width)
        read_BPHW = torch.einsum("bphg,bghw->bphw", score_BPHG.softmax(dim=-1), changed_BGHW)
        return read_BPHW.flatten(-2) @ self.output

    def _changed(self, edit_BPD: Tensor, effect_BP: Tensor, gene_GD: Tensor) -> Tensor:
        """What the edits change of every gene [B, G, H, W]."""
        query_GHW = self._heads("gene_query", gene_GD)
        key_BPHW = self._heads("edit_key", edit_BPD)
        value_BPHW = self._heads("edit_value", edit_BPD) * effect_BP.sign()[..., None, None]
        score_BGHP = torch.einsum("ghw,bphw->bghp", query_GHW, key_BPHW) / math.sqrt(self.width)
        score_BGHP = score_BGHP + effect_BP.abs().log()[:, None, None, :]  # -inf at padding
        nothing_BGH1 = torch.zeros_like(score_BGHP[..., :1])
        share_BGHP = torch.cat([score_BGHP, nothing_BGH1], dim=-1).softmax(dim=-1)[..., :-1]
        arrived_BGHW = torch.einsum("bghp,bphw->bghw", share_BGHP, value_BPHW)
        still_GI = self.maps["still"](gene_GD)
        moved_BGI = still_GI + arrived_BGHW.flatten(-2) @ self.arriving
        changed_BGI = nn.functional.gelu(moved_BGI) - nn.functional.gelu(still_GI)
        return changed_BGI.reshape(*changed_BGI.shape[:2], self.heads, self.width)


def _matrix(inputs: int, outputs: int, generator: torch.Generator) -> nn.Parameter:
    matrix = torch.empty(inputs, outputs)
    return nn.Parameter(nn.init.normal_(matrix, std=1 / math.sqrt(inputs), generator=generator))
