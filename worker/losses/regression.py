"""The regression term of a composite: the loss that the spec names, with what it needs."""

from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import Tensor

from service.contract.losses import (
    CrpsTerm,
    GaussianNllTerm,
    HuberTerm,
    HurdleTerm,
    MseTerm,
    RegressionTerm,
    TobitTerm,
)
from worker.losses.crps import crps
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.huber import huber
from worker.losses.hurdle import hurdle
from worker.losses.mse import mse
from worker.losses.tobit import tobit


@dataclass(frozen=True)
class LabelDetails:
    """What is known of labels beside their values, on the standardised scale; None: nothing.

    `threshold_Y` is -inf where a column has no hurdle.
    """

    sd_BY: Tensor | None = None
    censored_BY: Tensor | None = None
    dead_BY: Tensor | None = None
    threshold_Y: Tensor | None = None

    def rows(self, index_B: Tensor) -> "LabelDetails":
        """Those of some rows."""

        def some(value_BY: Tensor | None) -> Tensor | None:
            return None if value_BY is None else value_BY[index_B]

        return LabelDetails(
            some(self.sd_BY), some(self.censored_BY), some(self.dead_BY), self.threshold_Y
        )

    def to(self, device: torch.device) -> "LabelDetails":
        """On another device."""

        def moved(value: Tensor | None) -> Tensor | None:
            return None if value is None else value.to(device)

        return LabelDetails(
            moved(self.sd_BY),
            moved(self.censored_BY),
            moved(self.dead_BY),
            moved(self.threshold_Y),
        )


class Weights(TypedDict):
    """Weights of rows and columns, as every regression loss takes them."""

    row_weights: Tensor | None
    column_weights: Tensor | None


def _given(value: Tensor | None, name: str) -> Tensor:
    if value is None:
        raise ValueError(f"the labels come without {name}")
    return value


def regression(
    term: RegressionTerm,
    prediction_BY: Tensor,
    labels_BY: Tensor,
    details: LabelDetails,
    weights: Weights,
) -> Tensor:
    """Unweighted value of the term for one reading of the head.

    Raises:
        ValueError: the term needs a detail that the labels come without.
    """
    reading = (prediction_BY, labels_BY)
    match term:
        case MseTerm():
            return mse(*reading, **weights)
        case HuberTerm():
            return huber(*reading, delta=term.delta, **weights)
        case GaussianNllTerm():
            sd_BY = _given(details.sd_BY, "measured sds")
            return gaussian_nll(*reading, sd_BY=sd_BY, floor=term.floor, **weights)
        case TobitTerm():
            censored_BY = _given(details.censored_BY, "detection limits")
            return tobit(*reading, censored_BY=censored_BY, sd=term.sd, **weights)
        case HurdleTerm():
            return hurdle(
                *reading,
                threshold=_given(details.threshold_Y, "a threshold"),
                dead_BY=_given(details.dead_BY, "dead or alive"),
                sd=term.sd,
                scale=term.scale,
                **weights,
            )
        case CrpsTerm():
            return crps(*reading, sd=term.sd, **weights)
