"""SupCon, the "out" form: rows of one class near one another, all others away.

Source: Khosla et al. 2020, "Supervised Contrastive Learning" (arXiv 2004.11362), eq. 2. What
differs here: missing labels, several label columns, an anchor without a positive is left out
instead of dividing by 0, and the temperature does not scale the loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from worker.losses.columns import widened
from worker.losses.pair_similarity import Similarity, similarities
from worker.losses.row_blocks import sum_by_blocks
from worker.losses.supcr_inputs import check_batch, check_choice, check_temperature

Reduction = Literal["mean", "sum"]


@dataclass(frozen=True)
class ClassColumns:
    """Label columns as classes: numbers that are equal where labels are.

    `positive_YN` counts the other rows of a row's class; a missing label is a class of its own.
    """

    class_YN: Tensor
    present_YN: Tensor
    positive_YN: Tensor


def class_columns(labels_NY: Tensor) -> ClassColumns:
    """Prepare the labels; NaN is missing. No host sync."""
    label_YN = labels_NY.detach().to(torch.float64).T.contiguous()
    ordered_YN, order_YN = label_YN.sort(dim=1)
    begins_YN = torch.ones_like(order_YN)
    begins_YN[:, 1:] = ordered_YN[:, 1:] != ordered_YN[:, :-1]  # NaN differs from NaN
    number_YN = begins_YN.cumsum(dim=1) - 1
    class_YN = torch.zeros_like(order_YN).scatter(1, order_YN, number_YN)
    size_YN = torch.zeros_like(order_YN).scatter_add(1, class_YN, torch.ones_like(order_YN))
    return ClassColumns(class_YN, ~torch.isnan(label_YN), size_YN.gather(1, class_YN) - 1)


def anchor_weights(
    columns: ClassColumns, column_weights: Tensor | None, reduction: Reduction
) -> Tensor:
    """What each anchor counts, [Y, N], float64; 0 without a positive.

    Raises:
        ValueError: not one weight a column.
    """
    valid_YN = columns.positive_YN > 0
    count_Y = valid_YN.sum(dim=1).to(torch.float64)
    weight_Y = torch.ones_like(count_Y)
    if column_weights is not None:
        if column_weights.shape != count_Y.shape:
            raise ValueError(
                f"{column_weights.numel()} column weights for {len(count_Y)} label columns"
            )
        weight_Y = column_weights.detach().to(count_Y)
    weight_Y = torch.where(count_Y > 0, weight_Y, 0.0)
    total = weight_Y.sum()
    weight_Y = weight_Y / torch.where(total > 0, total, 1.0)
    if reduction == "mean":
        weight_Y = weight_Y / count_Y.clamp(min=1)
    return valid_YN * weight_Y[:, None]


def class_loss(
    z_ND: Tensor,
    columns: ClassColumns,
    weight_YN: Tensor,
    similarity: Similarity,
    temperature: float,
) -> Tensor:
    """Weighted sum over the anchors of all columns, a scalar with a graph.

    Args:
        z_ND: latents, float32 or float64.
        columns: their classes.
        weight_YN: what each anchor counts, 0 without a positive.
        similarity: see `similarities`.
        temperature: divides the similarities.
    """

    def terms(latents: Sequence[Tensor], start: int, stop: int) -> Tensor:
        (z_ND,) = latents
        logit_bN = similarities(z_ND[start:stop], z_ND, similarity) / temperature
        anchors = slice(start, stop)
        total_b = 0.0 * logit_bN.sum(dim=1)  # has a graph, and shows what is not finite
        for y in range(len(weight_YN)):
            class_N, weight_b = columns.class_YN[y], weight_YN[y, anchors].to(z_ND.dtype)
            others_bN = columns.present_YN[y].repeat(stop - start, 1)
            others_bN.diagonal(start).fill_(False)
            same_bN = others_bN & (class_N[anchors, None] == class_N)
            counts_b = weight_b > 0
            # A row of nothing but -inf would make NaN.
            left_out_bN = ~others_bN & counts_b[:, None]
            share_bN = logit_bN.masked_fill(left_out_bN, -torch.inf).log_softmax(dim=1)
            mean_b = torch.where(same_bN, share_bN, 0.0).sum(dim=1) / same_bN.sum(dim=1).clamp(
                min=1
            )
            total_b = total_b - torch.where(counts_b, weight_b * mean_b, 0.0)
        return total_b

    return sum_by_blocks(terms, [z_ND], len(z_ND), len(z_ND))


def supcon(
    z_BD: Tensor,
    labels_BY: Tensor,
    *,
    temperature: float = 0.1,
    similarity: Similarity = "cosine",
    reduction: Reduction = "mean",
    column_weights: Tensor | None = None,
) -> Tensor:
    """SupCon of one view, averaged over the label columns in which a row has a positive; in nats.

    With P(i) the other rows of anchor i's class, t the temperature, s the similarity:

        mean over i with P(i) of -1 / |P(i)| * sum over p in P(i) of
            log( exp(s_ip / t) / sum over k != i of exp(s_ik / t) )

    A class is what has one label: equal numbers. Graded labels are classes after `binned`. A row
    without a label is neither anchor nor candidate in that column, and one without any is not
    read at all. An anchor without a positive counts nothing, but stands in the denominators of the
    others. Without any positive the result is 0, with a graph.

    With SimCLR's two views of each row, stacked, and the row's number as their label this is
    NT-Xent (Chen et al. 2020, arXiv 2002.05709).

    O(block x N) memory; in batches above 1,024 rows the gradient is found with the value, without
    a second derivative. half and bfloat16 latents are worked on in float32. A latent that is not
    finite makes the loss so; one of length 0 has cosine 0 with all, and no gradient.

    Args:
        z_BD: latents, float, at least one dimension.
        labels_BY: classes, NaN where missing; integers are fine.
        temperature: above 0.
        similarity: `cosine` as published; `neg_l2` for latents in which length has a meaning; or
            see `similarities`.
        reduction: `mean` over the anchors that have a positive, or their `sum`.
        column_weights: one weight a column, renormalised over those in which a row has a positive.

    Laws: renaming the classes changes nothing, nor does the order of the rows; never below
    mean log |P(i)|, which is what rows that coincide within classes far apart have.

    Raises:
        ValueError: wrong shapes, types or settings.
    """
    check_batch(z_BD, labels_BY)
    check_temperature(temperature)
    check_choice("reduction", reduction, get_args(Reduction))
    labels_BY = labels_BY.detach().to(z_BD.device)
    read_B1 = ~torch.isnan(labels_BY).all(dim=1, keepdim=True)
    columns = class_columns(labels_BY)
    weight_YB = anchor_weights(columns, column_weights, reduction)
    wide_BD = torch.where(read_B1, widened(z_BD), 0.0)
    return class_loss(wide_BD, columns, weight_YB, similarity, temperature).to(z_BD.dtype)


class SupConLoss(nn.Module):
    """`supcon` with its settings."""

    column_weights: Tensor | None

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        similarity: Similarity = "cosine",
        reduction: Reduction = "mean",
        column_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature
        self.similarity: Similarity = similarity
        self.reduction: Reduction = reduction
        self.register_buffer("column_weights", column_weights)

    def forward(self, z_BD: Tensor, labels_BY: Tensor) -> Tensor:
        """Loss of a batch."""
        return supcon(
            z_BD,
            labels_BY,
            temperature=self.temperature,
            similarity=self.similarity,
            reduction=self.reduction,
            column_weights=self.column_weights,
        )
