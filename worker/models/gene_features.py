"""Shifts of edits from the features of their genes.

s_e = x_e W + u_e: projected features and a learned part, which starts at 0 and is dropped with
p = 0.2 in training, so that the projection has to carry what it can, and a gene without data
(u_e = 0) is predicted from its features.

Source: the dropped part is that of Volkovs, Yu and Poutanen 2017 (DropoutNet, cold start).
"""

import torch
from torch import Tensor, nn

LEARNED_DROPOUT = 0.2
_SHIFT_START = 0.1


class FeatureShifts(nn.Module):
    """The projection, and the dropout of what is learned beside it.

    Args:
        feature_EF: features of each edit, without the padding's row.
        latent_dim: dimensions of a shift.
        generator: the random start comes from it.
    """

    feature_EF: Tensor

    def __init__(self, feature_EF: Tensor, latent_dim: int, generator: torch.Generator) -> None:
        super().__init__()
        padded_EF = nn.functional.pad(feature_EF.float(), (0, 0, 1, 0))
        self.register_buffer("feature_EF", padded_EF, persistent=False)
        self.projection_FD = nn.Parameter(torch.empty(feature_EF.shape[1], latent_dim))
        length = float(padded_EF[1:].norm(dim=1).mean()) if len(feature_EF) else 1.0
        std = _SHIFT_START / max(length, 1e-6)
        nn.init.normal_(self.projection_FD, std=std, generator=generator)

    def project(self, feature_EF: Tensor) -> Tensor:
        """Shifts of edits without data [E, D]."""
        return feature_EF.to(self.projection_FD) @ self.projection_FD

    def forward(self, learned_ED: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Shifts [E + 1, D]; with a generator each edit's learned part is kept or dropped.

        One draw serves a whole step: every state of a design has to be read with the same shifts,
        or mixed differences would be noise.
        """
        projected_ED = self.project(self.feature_EF)
        if generator is None:
            return projected_ED + learned_ED
        draw_E1 = torch.rand(len(learned_ED), 1, generator=generator, device=generator.device)
        return projected_ED + learned_ED * (draw_E1 >= LEARNED_DROPOUT).to(learned_ED)
