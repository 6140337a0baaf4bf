"""Support-corrected InfoNCE: each anchor has negatives from where its positive could be.

Source: Zaliaduonis et al. 2026, "The Loss Is Not Enough" (arXiv 2606.04280), eq. 7 and 8. What
differs here: the samplers offer the concentration with which its theorem 4.6 holds, beside the
published one (see `support_samplers`).
"""

from torch import Tensor, nn

from worker.losses.columns import widened
from worker.losses.infonce import Contrast, check_negatives, check_pairs
from worker.losses.pair_similarity import Similarity
from worker.losses.supcr_inputs import check_temperature


def support_infonce(
    z_BD: Tensor,
    positive_BD: Tensor,
    negative_BMD: Tensor,
    *,
    temperature: float = 0.3,
    similarity: Similarity = "cosine",
) -> Tensor:
    """Mean over anchors of -log( exp(s_i / t) / (exp(s_i / t) + sum_m exp(s_im / t)) ), in nats.

    As `infonce`, but every anchor has M negatives of its own, drawn where its positive could have
    been drawn from: from `support_negatives`, or further augmentations of the anchor itself. Where
    positive pairs never vary a direction, plain InfoNCE is lower for encoders that squeeze it;
    this loss is the same for all orthogonal ones. It does not make them the only ones. Ask
    `diversity_report` whether there is such a direction.

    The result has a graph; without rows or negatives it is 0. A latent that is not finite makes
    the loss so, except for a negative that is infinitely far; one of length 0 has cosine 0 with
    all, and no gradient. float16 and bfloat16 are computed in float32.

    Args:
        z_BD: encoded anchors.
        positive_BD: encoded positives, row by row.
        negative_BMD: M encoded negatives of each anchor.
        temperature: t, above 0; that of the theorem is 1 / concentration of the positives.
        similarity: see `similarities`.

    Laws: never below 0; rotating all latents changes nothing, nor does the order of an anchor's
    negatives; with the same negatives for all anchors it is `infonce`.

    Raises:
        ValueError: wrong shapes, types or settings.
    """
    check_pairs(z_BD, positive_BD)
    check_temperature(temperature)
    wanted = (len(z_BD), -1, z_BD.shape[1])
    check_negatives(negative_BMD, z_BD, wanted, "[B, M, D]")
    contrast = Contrast(similarity, temperature)
    anchor_B1D = widened(z_BD)[:, None]
    positive_B = contrast.logits(anchor_B1D, widened(positive_BD)[:, None])[:, 0, 0]
    negative_BM = contrast.logits(anchor_B1D, widened(negative_BMD))[:, 0]
    total = contrast.terms(positive_B, negative_BM).sum()
    return (total / max(1, len(z_BD))).to(z_BD.dtype)


class SupportInfoNCELoss(nn.Module):
    """`support_infonce` with its settings."""

    def __init__(self, *, temperature: float = 0.3, similarity: Similarity = "cosine") -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature
        self.similarity: Similarity = similarity

    def forward(self, z_BD: Tensor, positive_BD: Tensor, negative_BMD: Tensor) -> Tensor:
        """Loss of a batch."""
        return support_infonce(
            z_BD,
            positive_BD,
            negative_BMD,
            temperature=self.temperature,
            similarity=self.similarity,
        )
