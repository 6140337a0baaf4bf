"""InfoNCE: of all candidates, which one belongs to the anchor?

Source: van den Oord et al. 2018 (arXiv 1807.03748); both directions: Radford et al. 2021 (arXiv
2103.00020); decoupled: Yeh et al. 2022 (arXiv 2110.06848). What differs here: log-sum-exp
throughout, in row blocks; rows of one group are never each other's negatives.

In a design model the anchor is z_I - z_W and the positive z_P: the same design read in two
ways, `group_B` the design of each row (its replicates are one point, and pushing them apart
is asking for the impossible), `present_B` False for designs without edits (0 by definition).
With `neg_l2` this is InfoNCE between z_I and z_W + z_P. SimCLR's loss, where both views are
anchors and negatives, is `supcon` of both views with the row as their label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from worker.losses.columns import widened
from worker.losses.pair_similarity import Similarity, similarities
from worker.losses.row_blocks import sum_by_blocks
from worker.losses.supcr_inputs import check_temperature


@dataclass(frozen=True)
class Contrast:
    """How an anchor is compared with its candidates."""

    similarity: Similarity
    temperature: float
    decoupled: bool = False

    def logits(self, anchor_ND: Tensor, candidate_MD: Tensor) -> Tensor:
        """Similarities over the temperature, [..., N, M]."""
        return similarities(anchor_ND, candidate_MD, self.similarity) / self.temperature

    def terms(self, positive_N: Tensor, negative_NM: Tensor) -> Tensor:
        """-log of the positive's share, [N]; a negative at -inf is left out.

        0 without any negative, decoupled or not.
        """
        none_N1 = torch.isneginf(negative_NM).all(dim=1, keepdim=True)
        if not self.decoupled:
            logit_NK = torch.cat([positive_N[:, None], negative_NM], dim=1)
            return logit_NK.logsumexp(dim=1) - positive_N
        # A row of nothing but -inf would have NaN gradients.
        denominator_N = torch.where(none_N1, 0.0, negative_NM).logsumexp(dim=1)
        return torch.where(none_N1[:, 0], 0.0, denominator_N - positive_N)


@dataclass(frozen=True)
class _Batch:
    """How the anchors of a batch are compared: with what, and who is nobody's negative."""

    contrast: Contrast
    group_B: Tensor
    present_B: Tensor

    def terms(self, latents: Sequence[Tensor], start: int, stop: int) -> Tensor:
        """Loss of the anchors `start` to `stop`, [b]; 0 for absent ones.

        `latents` are anchors, positives and, where they are given, negatives.
        """
        anchor_BD, positive_BD, *given = latents
        anchor_bD = anchor_BD[start:stop]
        own_b11 = self.contrast.logits(anchor_bD[:, None], positive_BD[start:stop, None])
        logit_bM = self.contrast.logits(anchor_bD, given[0] if given else positive_BD)
        if not given:
            alike_bM = self.group_B[start:stop, None] == self.group_B
            logit_bM = logit_bM.masked_fill(alike_bM | ~self.present_B, -torch.inf)
        term_b = self.contrast.terms(own_b11[:, 0, 0], logit_bM)
        return torch.where(self.present_B[start:stop], term_b, 0.0)

    def total(self, *latents: Tensor) -> Tensor:
        rows, candidates = len(latents[0]), len(latents[-1])
        return sum_by_blocks(self.terms, latents, rows, candidates)


def check_pairs(z_BD: Tensor, positive_BD: Tensor) -> None:
    """Refuse latents that do not go together.

    Raises:
        ValueError: says which shapes or types.
    """
    if z_BD.ndim != 2 or z_BD.shape != positive_BD.shape:
        raise ValueError(
            f"anchors and positives have to be [B, D] both; they are {tuple(z_BD.shape)} and "
            f"{tuple(positive_BD.shape)}"
        )
    if z_BD.shape[1] == 0:
        raise ValueError("latents need at least one dimension")
    if not (z_BD.is_floating_point() and z_BD.dtype == positive_BD.dtype):
        raise ValueError(
            f"latents have to be of one floating type, not {z_BD.dtype} and {positive_BD.dtype}"
        )


def check_negatives(negative: Tensor, z_BD: Tensor, wanted: tuple[int, ...], shape: str) -> None:
    """Refuse negatives that do not go with the anchors; -1 stands for any size.

    Raises:
        ValueError: says which shapes or types.
    """
    fits = negative.ndim == len(wanted) and all(
        size in (-1, found) for size, found in zip(wanted, negative.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"negatives have to be {shape} for anchors {tuple(z_BD.shape)}; they are "
            f"{tuple(negative.shape)}"
        )
    if negative.dtype != z_BD.dtype:
        raise ValueError(f"negatives have to be {z_BD.dtype} as the anchors, not {negative.dtype}")


def _rows(value_B: Tensor | None, default_B: Tensor, name: str) -> Tensor:
    if value_B is None:
        return default_B
    if value_B.shape != default_B.shape:
        raise ValueError(
            f"{name} has to be [B] = ({len(default_B)},), it is of shape {tuple(value_B.shape)}"
        )
    return value_B


def infonce(
    z_BD: Tensor,
    positive_BD: Tensor,
    negative_MD: Tensor | None = None,
    *,
    temperature: float = 0.1,
    similarity: Similarity = "cosine",
    symmetric: bool = False,
    decoupled: bool = False,
    group_B: Tensor | None = None,
    present_B: Tensor | None = None,
) -> Tensor:
    """Mean over anchors of -log( exp(s_i / t) / (exp(s_i / t) + sum_n exp(s_in / t)) ), in nats.

    s_i is the similarity of anchor and positive, s_in that of the anchor and its n-th negative.
    Negatives are the positives of the other rows, or `negative_MD`. O(block x B) memory; in
    batches above 1,024 rows the gradient is found with the value, without a second derivative.

    The latent of an absent row is not read. Without negatives, or without rows, the result is 0,
    with a graph. A latent that is not finite makes the loss so; one of length 0 has cosine 0 with
    all, and no gradient. float16 and bfloat16 are computed in float32. Under data-parallel
    training pass all tensors through `gather_rows`.

    Args:
        z_BD: anchors.
        positive_BD: their positives, row by row.
        negative_MD: negatives of every anchor; default: the positives of the other rows.
        temperature: t, above 0; in the unit of the similarity.
        similarity: see `similarities`.
        symmetric: mean of this loss and of the one with anchors and positives swapped.
        decoupled: leave the positive out of the denominator; then the loss may be below 0.
        group_B: integers; rows of one group are not each other's negatives. Default: each row is
            a group.
        present_B: bool; a row that is False is neither anchor nor candidate.

    Laws: never below 0 unless decoupled; at most log(1 + M) where the positive is the nearest;
    log(1 + M) where all latents are one; the order of the rows does not matter; scaling latents
    changes nothing with `cosine`, and with `neg_l2` if the temperature is scaled alike.

    Raises:
        ValueError: wrong shapes, types or settings, or groups where negatives are given.
    """
    check_pairs(z_BD, positive_BD)
    check_temperature(temperature)
    if negative_MD is not None:
        check_negatives(negative_MD, z_BD, (-1, z_BD.shape[1]), "[M, D]")
        if group_B is not None:
            raise ValueError("group_B is about negatives in the batch; negative_MD is given")
    rows = torch.arange(len(z_BD), device=z_BD.device)
    group_B = _rows(group_B, rows, "group_B")
    kept_B = _rows(present_B, torch.ones_like(rows), "present_B").bool()
    anchor_BD, candidate_BD = (
        torch.where(kept_B[:, None], widened(x_BD), 0.0) for x_BD in (z_BD, positive_BD)
    )
    given = [] if negative_MD is None else [widened(negative_MD)]
    batch = _Batch(Contrast(similarity, temperature, decoupled), group_B, kept_B)
    total = batch.total(anchor_BD, candidate_BD, *given)
    if symmetric:
        total = 0.5 * (total + batch.total(candidate_BD, anchor_BD, *given))
    return (total / kept_B.sum().clamp(min=1)).to(z_BD.dtype)


class InfoNCELoss(nn.Module):
    """`infonce` with its settings."""

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        similarity: Similarity = "cosine",
        symmetric: bool = False,
        decoupled: bool = False,
    ) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature
        self.similarity: Similarity = similarity
        self.symmetric = symmetric
        self.decoupled = decoupled

    def forward(
        self,
        z_BD: Tensor,
        positive_BD: Tensor,
        negative_MD: Tensor | None = None,
        *,
        group_B: Tensor | None = None,
        present_B: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch."""
        return infonce(
            z_BD,
            positive_BD,
            negative_MD,
            temperature=self.temperature,
            similarity=self.similarity,
            symmetric=self.symmetric,
            decoupled=self.decoupled,
            group_B=group_B,
            present_B=present_B,
        )
