"""A covariance of sets of edits that knows how large they are.

    k(a, b) = bias + linear a.b / (n_a n_b)^saturation
              + rough exp(-|a - b|^2 / (2 length^2))
              + overlap a.b / (|a|^2 + |b|^2 - a.b)
              + size exp(-(n_a - n_b)^2 / (2 size_length^2))

a and b are the effects of two designs, n the sum of their absolute values, which in the first
line counts as 1 where it is less. Where all effects are 1, n is the number of edits, |a - b|^2 the
Hamming distance of the sets, and the overlap the share of their edits that both have (Tanimoto);
two designs without edits overlap fully. The first line alone says that effects add up
(saturation 0), or that a design is as good as the mean of its edits (1).

Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapter 4 (sums of
kernels are kernels); Ralaivola et al. 2005, doi:10.1016/j.neunet.2005.07.009 (Tanimoto).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

# All logs but the exponent. Amplitudes are variances of a standardised label.
NAMES = (
    "bias",
    "linear",
    "saturation",
    "rough",
    "length",
    "overlap",
    "size",
    "size_length",
    "noise",
)
START: Floats = np.array([0.0, -2.3, 0.5, -0.7, 0.7, -1.0, -1.0, 0.0, -1.6])
BOUNDS: Floats = np.array(
    [
        *[(-9.0, 6.0)] * 2,
        (0.0, 2.0),
        (-9.0, 6.0),
        (-2.3, 4.6),
        *[(-9.0, 6.0)] * 2,
        (-2.3, 4.6),
        (-9.0, 4.6),
    ]
)
# What a kernel is without the terms of size: effects add up, and nothing else has a variance.
PLAIN = {"saturation": 0.0, "overlap": -50.0, "size": -50.0, "size_length": 0.0}


class Products(NamedTuple):
    """What the covariance of two lists of designs is made of, each [A, B]."""

    dot: Floats
    distance: Floats
    overlap: Floats
    log_sizes: Floats
    size_distance: Floats


def products(first: csr_matrix, second: csr_matrix) -> Products:
    """Of effects [A, E] and [B, E]."""
    dot: Floats = (first @ second.T).toarray()
    squares = [np.asarray(x.multiply(x).sum(axis=1)).ravel() for x in (first, second)]
    sizes = [np.asarray(abs(x).sum(axis=1)).ravel() for x in (first, second)]
    both = squares[0][:, None] + squares[1][None, :]
    logs = [np.log(np.maximum(n, 1.0)) for n in sizes]
    return Products(
        dot=dot,
        distance=np.maximum(both - 2.0 * dot, 0.0),
        overlap=np.divide(dot, both - dot, out=np.ones_like(dot), where=both > 0),
        log_sizes=logs[0][:, None] + logs[1][None, :],
        size_distance=(sizes[0][:, None] - sizes[1][None, :]) ** 2,
    )


class _Terms(NamedTuple):
    linear: Floats
    smooth: Floats
    overlap: Floats
    size: Floats


def _terms(parameters: Floats, of: Products) -> _Terms:
    _, linear, saturation, _, _, overlap, size, size_length, _ = parameters.tolist()
    return _Terms(
        linear=np.exp(linear - saturation * of.log_sizes) * of.dot,
        smooth=smooth(parameters, of.distance),
        overlap=np.exp(overlap) * of.overlap,
        size=np.exp(size - 0.5 * of.size_distance * np.exp(-2.0 * size_length)),
    )


def smooth(parameters: Floats, distance: Floats) -> Floats:
    """The term that falls with the distance of two designs."""
    _, _, _, rough, length, *_ = parameters.tolist()
    near: Floats = np.exp(rough - 0.5 * distance * np.exp(-2.0 * length))
    return near


def covariance(parameters: Floats, of: Products) -> Floats:
    """Covariance [A, B] of two lists of designs, without noise."""
    total: Floats = np.exp(parameters[0]) + sum(_terms(parameters, of))
    return total


def slopes(parameters: Floats, of: Products, inner: Floats) -> Floats:
    """By each parameter but noise, the sum of `inner` [A, B] times the covariance's derivative."""
    terms = _terms(parameters, of)
    inverse = np.exp(-2.0 * parameters[[4, 7]])
    derivatives = (
        terms.linear,
        -terms.linear * of.log_sizes,
        terms.smooth,
        terms.smooth * of.distance * inverse[0],
        terms.overlap,
        terms.size,
        terms.size * of.size_distance * inverse[1],
    )
    summed = [float((inner * derivative).sum()) for derivative in derivatives]
    return np.array([np.exp(parameters[0]) * inner.sum(), *summed])
