"""Every loss of predictions and of samples, called in one way, for the laws that all have."""

import math

import torch

from worker.losses.crps import crps, ensemble_crps
from worker.losses.dist import dist
from worker.losses.energy_score import energy_score
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.huber import huber
from worker.losses.hurdle import hurdle
from worker.losses.mse import mse
from worker.losses.pseudo_labels import inverse_cdfs
from worker.losses.tobit import tobit

NAN = math.nan


# Labels of a training part, sorted; two columns at most are ever asked for.
_TRAINING = [[-1.5, -0.5, 0.25, 0.5, 2.0], [0.0, 1.0, 1.0, 3.0]]


def _gaussian_nll(prediction, labels, **options):
    sd = torch.full(labels.shape, 0.5, device=labels.device)
    return gaussian_nll(prediction, labels, sd_BY=sd, **options)


def _tobit(prediction, labels, **options):
    return tobit(prediction, labels, censored_BY=labels <= -0.5, **options)


def _dist(rule, distance):
    columns = [torch.tensor(c, dtype=torch.float64) for c in _TRAINING]
    made = inverse_cdfs(columns, rule=rule, batch_size=8, step=0.5)

    def call(prediction, labels):
        cdfs = [cdf.to(labels.device) for cdf in made[: labels.shape[-1]]]
        return dist(prediction, labels, training_labels=cdfs, distance=distance)

    return call


def _samples(loss):
    """Three samples around the prediction, so that it looks like a loss of predictions."""

    def call(prediction, labels, **options):
        offset = torch.tensor([-0.7, 0.1, 0.9], device=prediction.device, dtype=prediction.dtype)
        return loss(prediction + offset[:, None, None], labels, **options)

    return call


# Weights of rows make no sense for a comparison of distributions.
UNWEIGHTED = {
    f"dist {rule} {distance}": _dist(rule, distance)
    for rule, distance in (
        ("quantile", "l2"),
        ("quantile", "l1"),
        ("quantile", "huber"),
        ("kde", "l2"),
        ("official", "l2"),
    )
}
WEIGHTED = {
    "mse": mse,
    "huber": huber,
    "gaussian_nll": _gaussian_nll,
    "tobit": _tobit,
    "hurdle": hurdle,
    "crps": crps,
    "ensemble_crps": _samples(ensemble_crps),
    "energy_score": _samples(energy_score),
}
FAMILIES = WEIGHTED | UNWEIGHTED


def batch(rows=8, columns=2, *, dtype=torch.float64, missing=True):
    """Predictions with a graph, and labels of which some are missing."""
    generator = torch.Generator().manual_seed(5)
    prediction = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    labels = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    if missing:
        labels[1::3, 0] = NAN
    return prediction.to(dtype).requires_grad_(), labels
