"""Uncertainty weighting: the weights of the terms are learned with the model.

Source: Kendall, Gal and Cipolla 2018 (arXiv 1705.07115), eq. 7 in its common form
`sum_t exp(-s_t) L_t / 2 + s_t / 2` with s the log variance. What differs here: s starts where
`exp(-s) / 2` is the given weight, and can only move within a factor: a term that is 0 (the
composition loss of an additive start) or negative (a likelihood) has no optimal s, and its weight
would grow without end.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

LARGEST_FACTOR = 100.0


def uncertainty_sum(
    values: Mapping[str, Tensor], weights: Mapping[str, float], shift_T: Tensor
) -> Tensor:
    """Sum over terms of w exp(-b) L + b / 2, with b = R tanh(shift / R) and R = log 100.

    b is how far the log variance has moved: at 0 this is the fixed weighted sum, value and
    gradient. Law: where b is optimal, the weighted term w exp(-b) L is 1/2, whatever its scale.

    Args:
        values: the terms, scalars.
        weights: weight of each at the start, above 0.
        shift_T: what is learned, dimensionless, in the order of `values`.

    Raises:
        ValueError: not one shift a term, or a weight that is missing or not above 0.
    """
    if shift_T.shape != (len(values),):
        raise ValueError(f"{tuple(shift_T.shape)} log variances for {len(values)} terms")
    if any(not weights.get(name, 0.0) > 0 for name in values):
        raise ValueError(f"every term needs a weight above 0: {dict(weights)}")
    bound = math.log(LARGEST_FACTOR)
    b_T = bound * torch.tanh(shift_T / bound)
    weighted = [
        weights[name] * torch.exp(-b) * value + 0.5 * b
        for (name, value), b in zip(values.items(), b_T, strict=True)
    ]
    return torch.stack(weighted).sum()


class UncertaintyWeights(nn.Module):
    """`uncertainty_sum` with the log variances as its parameters."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.weights = dict(weights)
        self.shift_T = nn.Parameter(torch.zeros(len(weights)))

    def forward(self, values: Mapping[str, Tensor]) -> Tensor:
        """See `uncertainty_sum`; the terms in the order of the weights."""
        return uncertainty_sum({n: values[n] for n in self.weights}, self.weights, self.shift_T)
