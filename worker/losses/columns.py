"""Predictions beside labels of which some are missing, and how columns become one number."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Labelled:
    """Predictions and labels [B, Y], safe to compute with.

    Half precision is widened to float32 (its squares overflow at 256); `dtype` is what was given.
    Where no label is, prediction and target are both 0 and the weight is 0: such a row changes
    neither value nor gradient, whatever stands in it.
    """

    prediction_BY: Tensor
    target_BY: Tensor
    weight_BY: Tensor
    dtype: torch.dtype

    def mean(self, loss_BY: Tensor, column_weights: Tensor | None) -> Tensor:
        """Weighted mean over the rows of each column, then over the columns with a label."""
        total_Y = self.weight_BY.sum(dim=0)
        valid_Y = total_Y > 0
        loss_Y = (self.weight_BY * loss_BY).sum(dim=0) / torch.where(
            valid_Y, total_Y, torch.ones_like(total_Y)
        )
        return column_mean(loss_Y, valid_Y, column_weights).to(self.dtype)


def labelled(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    row_weights: Tensor | None = None,
    present_BY: Tensor | None = None,
) -> Labelled:
    """Line predictions up with labels; NaN is missing, integers are numbers.

    Args:
        prediction_BY: predictions, floating point.
        labels_BY: labels.
        row_weights: [B] or [B, Y]; default: every label weighs the same.
        present_BY: which labels count, where that is not simply those that are not NaN.

    Raises:
        ValueError: wrong shapes, or predictions that are not floating point.
    """
    require_same_shape(prediction_BY, labels_BY)
    wide_BY = widened(prediction_BY)
    if present_BY is None:
        present_BY = ~torch.isnan(labels_BY)
    # Replaced before the difference: NaN * 0 would still be NaN in the gradient.
    zero_BY = torch.zeros_like(wide_BY)
    weight_BY = present_BY.to(wide_BY.dtype)
    if row_weights is not None:
        weight_BY = weight_BY * _per_label(row_weights, labels_BY).to(wide_BY.dtype)
    return Labelled(
        prediction_BY=torch.where(present_BY, wide_BY, zero_BY),
        target_BY=torch.where(present_BY, labels_BY.to(wide_BY.dtype), zero_BY),
        weight_BY=weight_BY,
        dtype=prediction_BY.dtype,
    )


def require_same_shape(prediction_BY: Tensor, labels_BY: Tensor) -> None:
    """Both are [B, Y], and predictions are floating point.

    Raises:
        ValueError: they are not.
    """
    if prediction_BY.ndim != 2 or prediction_BY.shape != labels_BY.shape:
        raise ValueError(
            "predictions and labels have to be [B, Y] both, one column a label; they are "
            f"{tuple(prediction_BY.shape)} and {tuple(labels_BY.shape)}"
        )
    require_floats(prediction_BY)


def require_floats(value: Tensor, what: str = "predictions") -> None:
    """Values that can carry a gradient; `what` names them, in the plural.

    Raises:
        ValueError: they are integers, booleans or complex.
    """
    if not value.dtype.is_floating_point:
        raise ValueError(f"{what} have to be floating point, they are {value.dtype}")


def widened(value: Tensor) -> Tensor:
    """Half precision as float32; anything else as it is."""
    return value.float() if value.dtype.itemsize < 4 else value


def require_above_zero(**values: float) -> None:
    """Every named number is above 0 and finite.

    Raises:
        ValueError: one is not; it is named.
    """
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} has to be above 0 and finite, it is {value}")


def require_not_negative(**values: float) -> None:
    """Every named number is at least 0 and finite.

    Raises:
        ValueError: one is not; it is named.
    """
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} has to be at least 0 and finite, it is {value}")


def per_label(value: float | Tensor, x: Labelled, name: str) -> Tensor:
    """A number above 0, or a tensor that broadcasts to [B, Y], in the type of the predictions.

    Tensors are not looked into: that would make a GPU wait.

    Raises:
        ValueError: a number that is not above 0, or a tensor of another shape.
    """
    if isinstance(value, Tensor):
        return broadcast(value, x, name)
    require_above_zero(**{name: value})
    return torch.full_like(x.target_BY, value)


def broadcast(value: Tensor, x: Labelled, name: str) -> Tensor:
    """A tensor that broadcasts to [B, Y], in the type of the predictions.

    Raises:
        ValueError: it does not broadcast.
    """
    try:
        return value.to(x.target_BY.dtype).expand_as(x.target_BY)
    except RuntimeError:
        raise ValueError(
            f"{name} has the shape {tuple(value.shape)}, which does not broadcast to that of the "
            f"labels, {tuple(x.target_BY.shape)}"
        ) from None


def _per_label(row_weights: Tensor, labels_BY: Tensor) -> Tensor:
    rows, columns = labels_BY.shape
    if row_weights.shape == (rows,):
        return row_weights[:, None]
    if row_weights.shape == (rows, columns):
        return row_weights
    raise ValueError(
        f"row weights have to be [B] or [B, Y]; they are {tuple(row_weights.shape)} for labels "
        f"of {tuple(labels_BY.shape)}"
    )


def column_mean(loss_Y: Tensor, valid_Y: Tensor, column_weights: Tensor | None = None) -> Tensor:
    """Weighted mean over the valid columns; weights are renormalised over those alone.

    Law: adding a column that is not valid changes nothing. Without any valid column the result
    is 0 and still has the graph of `loss_Y`.

    Raises:
        ValueError: not one weight a column.
    """
    weight_Y = torch.ones_like(loss_Y) if column_weights is None else column_weights.to(loss_Y)
    if weight_Y.shape != loss_Y.shape:
        raise ValueError(f"{weight_Y.numel()} column weights for {loss_Y.numel()} label columns")
    weight_Y = torch.where(valid_Y, weight_Y, torch.zeros_like(weight_Y))
    total = weight_Y.sum()
    return (weight_Y * loss_Y).sum() / torch.where(total > 0, total, torch.ones_like(total))
