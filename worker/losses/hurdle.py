"""Hurdle likelihood: alive or dead first, then how well."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from worker.losses.columns import Labelled, broadcast, labelled, per_label, require_above_zero
from worker.losses.gaussian_nll import normal_nll


def _alive_logit(
    x: Labelled, logit_BY: Tensor | None, threshold: float | Tensor, scale: float
) -> Tensor:
    if logit_BY is not None:
        return broadcast(logit_BY, x, "logit")
    return (x.prediction_BY - _threshold(threshold, x)) / scale


def _threshold(threshold: float | Tensor, x: Labelled) -> Tensor:
    if isinstance(threshold, Tensor):
        return broadcast(threshold, x, "threshold")
    return torch.full_like(x.target_BY, threshold)


def hurdle(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    threshold: float | Tensor = 0.0,
    dead_BY: Tensor | None = None,
    logit_BY: Tensor | None = None,
    sd: float | Tensor = 0.5,
    scale: float = 0.5,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean of -log P(dead) for dead rows, of -log P(alive) - log N(y; p, sd^2) for the others.

    P(alive) is the logistic function of `logit_BY` where a model has a second head for it, else
    of (prediction - threshold) / scale. A dead strain's label (fitness 0, no titre) then says
    that it is dead, not how far below the hurdle it would lie. In nats; may be negative.

    Source: Cragg 1971, doi:10.2307/1909582; Mullahy 1986, doi:10.1016/0304-4076(86)90002-3. What
    differs here: a logistic hurdle, which without a second head shares its location with the mean.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing.
        threshold: the hurdle, in the labels' unit; a number, or anything that broadcasts. At -inf
            a column has no hurdle.
        dead_BY: boolean [B, Y]; default: labels at or below the threshold.
        logit_BY: log odds of being alive, [B, Y], from a head of their own.
        sd: sd of the living around the prediction, in the labels' unit, above 0.
        scale: width of the hurdle in the labels' unit, above 0; not used with `logit_BY`.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: with the threshold at -inf it is the Gaussian NLL; what a dead row's label is does not
    matter; the loss of a dead row rises with the prediction.

    Raises:
        ValueError: wrong shapes, or an sd or scale that is not above 0.
    """
    require_above_zero(scale=scale)
    x = labelled(prediction_BY, labels_BY, row_weights)
    if dead_BY is None:
        is_dead_BY = x.target_BY <= _threshold(threshold, x)
    else:
        is_dead_BY = broadcast(dead_BY, x, "dead") > 0
    logit = _alive_logit(x, logit_BY, threshold, scale)
    alive_BY = softplus(-logit) + normal_nll(x, per_label(sd, x, "sd"))
    return x.mean(torch.where(is_dead_BY, softplus(logit), alive_BY), column_weights)


class HurdleLoss(nn.Module):
    """`hurdle` with its parameters."""

    column_weights: Tensor | None

    def __init__(
        self,
        *,
        threshold: float = 0.0,
        sd: float = 0.5,
        scale: float = 0.5,
        column_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        require_above_zero(sd=sd, scale=scale)
        self.threshold = threshold
        self.sd = sd
        self.scale = scale
        self.register_buffer("column_weights", column_weights)

    def forward(
        self,
        prediction_BY: Tensor,
        labels_BY: Tensor,
        *,
        dead_BY: Tensor | None = None,
        logit_BY: Tensor | None = None,
        row_weights: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch."""
        return hurdle(
            prediction_BY,
            labels_BY,
            threshold=self.threshold,
            dead_BY=dead_BY,
            logit_BY=logit_BY,
            sd=self.sd,
            scale=self.scale,
            row_weights=row_weights,
            column_weights=self.column_weights,
        )
