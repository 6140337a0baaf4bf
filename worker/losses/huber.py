"""Huber's loss: squares for small errors, absolute values for large ones."""

from torch import Tensor, nn
from torch.nn.functional import huber_loss

from worker.losses.columns import labelled, require_above_zero


def huber(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    delta: float = 1.0,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean of e^2 / 2 where |e| <= delta, and of delta * (|e| - delta / 2) beyond.

    A single outlier moves the gradient by at most `delta`. Missing labels, weights and shapes are
    those of `mse`; the unit is the square of the labels'.

    Source: Huber 1964, doi:10.1214/aoms/1177703732.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing.
        delta: where squares end, in the labels' unit, above 0.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: half the mse where every error is below delta; over delta, it tends to the mean
    absolute error as delta tends to 0.

    Raises:
        ValueError: wrong shapes, or a delta that is not above 0.
    """
    require_above_zero(delta=delta)
    x = labelled(prediction_BY, labels_BY, row_weights)
    loss_BY = huber_loss(x.prediction_BY, x.target_BY, reduction="none", delta=delta)
    return x.mean(loss_BY, column_weights)


class HuberLoss(nn.Module):
    """`huber` with its parameters."""

    column_weights: Tensor | None

    def __init__(self, *, delta: float = 1.0, column_weights: Tensor | None = None) -> None:
        super().__init__()
        require_above_zero(delta=delta)
        self.delta = delta
        self.register_buffer("column_weights", column_weights)

    def forward(
        self, prediction_BY: Tensor, labels_BY: Tensor, *, row_weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return huber(prediction_BY, labels_BY, delta=self.delta, **weights)
