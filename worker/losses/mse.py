"""Mean squared error that tolerates missing labels."""

from torch import Tensor, nn

from worker.losses.columns import labelled


def mse(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Weighted mean of (prediction - label)^2; a missing label (NaN) carries no weight.

    Each column is averaged over its labelled rows, then the columns that have a label are
    averaged. Without any label the result is 0, with a graph. An infinite label gives an infinite
    loss: nothing is dropped in silence.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Returns:
        A scalar in the square of the labels' unit and the predictions' dtype.

    Laws: what stands in rows without a label changes nothing; scaling all row weights, or all
    column weights, changes nothing; scaling predictions and labels by c scales it by c^2.

    Raises:
        ValueError: shapes that do not match, or predictions that are not floating point.
    """
    x = labelled(prediction_BY, labels_BY, row_weights)
    return x.mean((x.prediction_BY - x.target_BY).square(), column_weights)


class MseLoss(nn.Module):
    """`mse` with its column weights."""

    column_weights: Tensor | None

    def __init__(self, *, column_weights: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("column_weights", column_weights)

    def forward(
        self, prediction_BY: Tensor, labels_BY: Tensor, *, row_weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return mse(prediction_BY, labels_BY, **weights)
