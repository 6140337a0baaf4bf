"""Similarity of anchors and candidates, where these are not the same rows."""

from typing import Literal, get_args

import torch
from torch import Tensor

Similarity = Literal["cosine", "dot", "neg_l2", "neg_l2_squared", "neg_l1"]

# A latent shorter than this has no direction: its cosine is 0, and so is its gradient.
_SHORTEST = 1e-8
# Squared distances below this share of the squared lengths are rounding: the rows are the same.
_SAME = 1e-14


def similarities(anchor_ND: Tensor, candidate_MD: Tensor, similarity: Similarity) -> Tensor:
    """Similarity of every anchor with every candidate, [..., N, M].

    `cosine` of the angle (0 for a latent of length 0), in [-1, 1]; `dot`, the scalar product;
    `neg_l2`, `neg_l2_squared` and `neg_l1`, the negative Euclidean distance, its square and the
    negative sum of absolute differences, in the latent's unit or its square. With temperature t,
    softmaxes over them are those of a von Mises-Fisher (`cosine`), a Gaussian (`neg_l2_squared`,
    sd sqrt(t / 2)) and a Laplace distribution (`neg_l1`) around the anchor.

    Args:
        anchor_ND: [..., N, D], float32 or float64.
        candidate_MD: [..., M, D], of the same type; dimensions in front broadcast.
        similarity: one of `Similarity`.

    Raises:
        ValueError: a similarity that is not known.
    """
    match similarity:
        case "cosine":
            return _unit(anchor_ND) @ _unit(candidate_MD).mT
        case "dot":
            return anchor_ND @ candidate_MD.mT
        case "neg_l2":
            return -_distances(anchor_ND, candidate_MD)
        case "neg_l2_squared":
            return -_distances(anchor_ND, candidate_MD).square()
        case "neg_l1":
            return -torch.cdist(anchor_ND, candidate_MD, p=1.0)
        case _:
            known = ", ".join(get_args(Similarity))
            raise ValueError(f"similarity {similarity!r} is none of {known}")


def _unit(z_ND: Tensor) -> Tensor:
    length_N1 = z_ND.norm(dim=-1, keepdim=True)
    known_N1 = ~(length_N1 < _SHORTEST)  # NaN stays NaN
    return torch.where(known_N1, z_ND / torch.where(known_N1, length_N1, 1.0), 0.0)


def _distances(anchor_ND: Tensor, candidate_MD: Tensor) -> Tensor:
    """Euclidean distances; the gradient at 0 is 0.

    float32 goes through a float64 product, as in SupCR: a float32 product loses near neighbours'
    digits.
    """
    if anchor_ND.dtype == torch.float64:
        return torch.cdist(anchor_ND, candidate_MD, compute_mode="donot_use_mm_for_euclid_dist")
    center_D = candidate_MD.detach().to(torch.float64).mean(dim=-2, keepdim=True)
    left_ND = anchor_ND.to(torch.float64) - center_D
    right_MD = candidate_MD.to(torch.float64) - center_D
    squares_M = right_MD.square().sum(dim=-1)[..., None, :]
    both_NM = left_ND.square().sum(dim=-1, keepdim=True) + squares_M
    square_NM = both_NM - 2.0 * (left_ND @ right_MD.mT)
    same_NM = square_NM <= _SAME * both_NM
    length_NM = torch.where(same_NM, 1.0, square_NM).sqrt()
    return torch.where(same_NM, 0.0, length_NM).to(anchor_ND.dtype)
