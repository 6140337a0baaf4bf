"""Do the terms of a loss pull one latent into different directions?

Source of the measure: the cosine between the gradients of two tasks, negative where they conflict
(Yu et al. 2020, "Gradient Surgery for Multi-Task Learning", arXiv 2001.06782, definition 1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Conflict:
    """Gradients of T terms side by side; tensors stay where the loss was computed.

    `norm_T` are their lengths, in units of the term over those of the latent. `cosine_TT` is the
    conflict matrix, in -1..1: below 0, a step down one term is a step up the other. It is NaN for
    a term whose gradient is 0 (two labels in SupCR, an additive start): nothing to compare.
    """

    names: tuple[str, ...]
    norm_T: Tensor
    cosine_TT: Tensor


def term_gradients(values: Mapping[str, Tensor], latents: Sequence[Tensor]) -> Tensor:
    """Gradient of each term with respect to all of `latents`, joined: [T, P].

    0 where a term does not see a latent. The graph is kept, so that `backward` can follow.

    Trap: with z_P and z_I both given where z_I is computed from z_P, what reaches z_I counts again
    in z_P. Give the one, or leaves, for partial derivatives.

    Raises:
        ValueError: no term, no latent, a term that is no scalar or has no graph.
    """
    if not values or not latents:
        raise ValueError("a conflict needs at least one term and one latent")
    for name, value in values.items():
        if value.numel() != 1 or not value.requires_grad:
            raise ValueError(f"term {name} is no scalar with a graph")
    rows = []
    for value in values.values():
        # An unused latent gives None, which torch's own types leave out.
        found: tuple[Tensor | None, ...] = torch.autograd.grad(
            value.reshape(()), list(latents), retain_graph=True, allow_unused=True
        )
        flat = [
            (torch.zeros_like(z) if grad is None else grad).reshape(-1)
            for z, grad in zip(latents, found, strict=True)
        ]
        rows.append(torch.cat(flat))
    return torch.stack(rows)


def conflict_of(gradient_TP: Tensor) -> tuple[Tensor, Tensor]:
    """Norms [T] and pairwise cosines [T, T] of gradients.

    Law: scaling a term by a positive number scales its norm and leaves the cosines.
    """
    norm_T = gradient_TP.norm(dim=1)
    unit_TP = gradient_TP / norm_T[:, None]  # 0 / 0 is the NaN that is promised
    return norm_T, (unit_TP @ unit_TP.T).clamp(-1, 1)


def conflict(values: Mapping[str, Tensor], latents: Sequence[Tensor]) -> Conflict:
    """Norms and conflict matrix of named terms with respect to the latent. No host sync.

    Raises:
        ValueError: see `term_gradients`.
    """
    norm_T, cosine_TT = conflict_of(term_gradients(values, latents))
    return Conflict(tuple(values), norm_T, cosine_TT)
