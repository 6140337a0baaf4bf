"""Contrastive loss in several latent spaces at once, one a class (MLS-CL).

Source: published as a specification without code, "MLS-CL" for the annotation of cells: `supcon`
in each of c planes, summed. What differs here: an anchor without a positive is left out instead
of dividing by 0; and since the published loss has the same positives in every space, so that
nothing ties a space to its class, `positives="one_vs_rest"` offers those that do.
"""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from worker.losses.columns import widened
from worker.losses.supcon import Reduction, anchor_weights, class_columns, class_loss
from worker.losses.supcr_inputs import check_choice, check_temperature

Positives = Literal["label", "one_vs_rest"]


def _check(z_BCK: Tensor, labels_B: Tensor) -> None:
    shapes = f"shapes {tuple(z_BCK.shape)} and {tuple(labels_B.shape)}"
    if z_BCK.ndim != 3 or labels_B.shape != z_BCK.shape[:1]:
        raise ValueError(f"latents [B, C, K] and labels [B] do not go together: {shapes}")
    if z_BCK.shape[2] == 0:
        raise ValueError("each space needs at least one dimension")
    if not z_BCK.is_floating_point():
        raise ValueError(f"latents must be float, not {z_BCK.dtype}")
    if labels_B.is_complex():
        raise ValueError("labels must be real")


def multi_latent(
    z_BCK: Tensor,
    labels_B: Tensor,
    *,
    temperature: float = 0.1,
    positives: Positives = "label",
    reduction: Reduction = "mean",
) -> Tensor:
    """Sum over the C spaces of SupCon with cosine in each; in nats.

    With z_k the latents in space k, C spaces of K dimensions each (published: a plane, K = 2, for
    each of C classes):

        sum over k of SupCon(z_k, y)                  positives="label", as published
        sum over k of SupCon(z_k, [y = k])            positives="one_vs_rest"

    Latents need not be normalised. O(block x B) memory a space. Rows without a label are not read.
    Without any positive the result is 0, with a graph. A latent that is not finite makes the loss
    so; one of length 0 has cosine 0 with all in its space, and no gradient there. half and
    bfloat16 latents are worked on in float32.

    Args:
        z_BCK: latents, float; a head's [B, 2 C] output, viewed as [B, C, 2].
        labels_B: classes, NaN where missing; integers are fine. For `one_vs_rest` 0 to C - 1:
            any other number is of the rest in every space.
        temperature: above 0.
        positives: `label`: rows with the anchor's label, in every space; `one_vs_rest`: in space
            k those that are of class k as the anchor is, or that are not as it is not.
        reduction: `mean` over a space's anchors that have a positive, or their `sum`. Spaces are
            summed in either case.

    Laws: with one space and `label` it is `supcon`; the length of a latent in a space does not
    matter; with `label` permuting the spaces changes nothing, with `one_vs_rest` it does.

    Raises:
        ValueError: wrong shapes, types or settings.
    """
    _check(z_BCK, labels_B)
    check_temperature(temperature)
    check_choice("positives", positives, get_args(Positives))
    check_choice("reduction", reduction, get_args(Reduction))
    label_B1 = labels_B.detach().to(z_BCK.device, torch.float64)[:, None]
    missing_B1 = torch.isnan(label_B1)
    wide_BCK = torch.where(missing_B1[:, :, None], 0.0, widened(z_BCK))
    total = 0.0 * wide_BCK.sum()
    columns = class_columns(label_B1)
    for k in range(z_BCK.shape[1]):
        if positives == "one_vs_rest":
            is_k_B1 = (label_B1 == k).to(torch.float64)
            columns = class_columns(is_k_B1.masked_fill(missing_B1, torch.nan))
        weight_1B = anchor_weights(columns, None, reduction)
        total = total + class_loss(wide_BCK[:, k], columns, weight_1B, "cosine", temperature)
    return total.to(z_BCK.dtype)


class MultiLatentLoss(nn.Module):
    """`multi_latent` with its settings."""

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        positives: Positives = "label",
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature
        self.positives: Positives = positives
        self.reduction: Reduction = reduction

    def forward(self, z_BCK: Tensor, labels_B: Tensor) -> Tensor:
        """Loss of a batch."""
        return multi_latent(
            z_BCK,
            labels_B,
            temperature=self.temperature,
            positives=self.positives,
            reduction=self.reduction,
        )
