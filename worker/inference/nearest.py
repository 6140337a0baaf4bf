"""Measured designs next to a state: composed states by their distance, mean over the members.

Law: a measured design is its own nearest neighbour, at distance 0.
"""

import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from service.contract.algebra import LatentMetric
from service.contract.errors import DeadlineExceededError
from service.contract.inference import MeasuredValue, NearDesign
from service.contract.manifests import ModelManifest
from worker.inference.seen_designs import SeenDesigns

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_BLOCK_DESIGNS = 4096
_TINY = 1e-12


class Nearest(NamedTuple):
    """Places of the nearest designs, the nearest first, and their distances."""

    place_N: Codes
    distance_N: Floats


class Neighborhood:
    """Composed states of the measured designs, made block by block when they are asked for.

    Args:
        effect_KE: effect of every edit in every measured design.
        shift_MED: shift of every edit in every member.
    """

    def __init__(self, effect_KE: csr_matrix, shift_MED: Floats) -> None:
        self._effect_KE = effect_KE
        members, edits, dim = shift_MED.shape
        self._shape = (members, dim)
        self._shift_EN = shift_MED.transpose(1, 0, 2).reshape(edits, members * dim)
        self._scale_M = self._scales()

    def nearest(
        self,
        z_P_MSD: Floats,
        metric: LatentMetric,
        count: int,
        *,
        deadline_unix_seconds: float = np.inf,
    ) -> list[Nearest]:
        """The nearest designs of each state, given as its shift from the reference; ties by place.

        By cosine, the reference is no neighbour and has none.

        Raises:
            DeadlineExceededError: nobody waits any more.
        """
        found = []
        for z_P_MKD in self._blocks():
            if time.time() >= deadline_unix_seconds:
                raise DeadlineExceededError("the deadline passed in the search of near designs")
            found.append(self._distances(z_P_MSD, z_P_MKD, metric))
        distance_SK = np.concatenate(found, axis=1)
        return [_first(distance_K, count) for distance_K in distance_SK]

    def _blocks(self) -> Iterator[Floats]:
        for start in range(0, self._effect_KE.shape[0], _BLOCK_DESIGNS):
            flat_KN = self._effect_KE[start : start + _BLOCK_DESIGNS] @ self._shift_EN
            yield flat_KN.reshape(-1, *self._shape).transpose(1, 0, 2)

    def _scales(self) -> Floats:
        total_M = np.zeros(self._shape[0])
        for z_P_MKD in self._blocks():
            total_M += np.square(z_P_MKD).sum(axis=(1, 2))
        edited = max(1, int((np.diff(self._effect_KE.indptr) > 0).sum()))
        scale_M: Floats = np.sqrt(total_M / edited)
        return np.maximum(scale_M, _TINY)

    def _distances(self, z_P_MSD: Floats, z_P_MKD: Floats, metric: LatentMetric) -> Floats:
        """Mean over the members [S, K]; infinite where there is no direction."""
        total_SK = np.zeros((z_P_MSD.shape[1], z_P_MKD.shape[1]))
        for z_SD, z_KD, scale in zip(z_P_MSD, z_P_MKD, self._scale_M.tolist(), strict=True):
            if metric is LatentMetric.COSINE:
                total_SK += _cosine_distance(z_SD, z_KD, _TINY * scale)
            else:
                total_SK += cdist(z_SD, z_KD) / scale
        distance_SK: Floats = total_SK / len(z_P_MSD)
        return distance_SK


def _cosine_distance(z_SD: Floats, z_KD: Floats, least: float) -> Floats:
    size_S, size_K = (np.linalg.norm(z, axis=1) for z in (z_SD, z_KD))
    size_SK = size_S[:, None] * size_K
    has_direction_SK = (size_S[:, None] > least) & (size_K > least)
    cosine_SK = (z_SD @ z_KD.T) / np.where(has_direction_SK, size_SK, 1.0)
    return np.where(has_direction_SK, 1.0 - np.clip(cosine_SK, -1.0, 1.0), np.inf)


def _first(distance_K: Floats, count: int) -> Nearest:
    known_K = np.flatnonzero(np.isfinite(distance_K))
    if len(known_K) > count > 0:
        bound = np.partition(distance_K[known_K], count - 1)[count - 1]
        known_K = known_K[distance_K[known_K] <= bound]
    order = np.argsort(distance_K[known_K], kind="stable")[:count]
    return Nearest(known_K[order], distance_K[known_K[order]])


def nearest_by_edits(effect_SE: csr_matrix, effect_KE: csr_matrix) -> list[Nearest]:
    """The one measured design K nearest to each design S by the effects of their edits.

    Root of the sum of squared differences; ties by place.
    """
    square_S, square_K = (
        np.asarray(effects.multiply(effects).sum(axis=1)).ravel()
        for effects in (effect_SE, effect_KE)
    )
    product_SK = (effect_SE @ effect_KE.T).toarray()
    square_SK = square_S[:, None] + square_K - 2.0 * product_SK
    place_S = square_SK.argmin(axis=1)
    distance_S = np.sqrt(np.maximum(square_SK[np.arange(len(place_S)), place_S], 0.0))
    return [Nearest(place_S[[s]], distance_S[[s]]) for s in range(len(place_S))]


def near_designs(manifest: ModelManifest, seen: SeenDesigns, nearest: Nearest) -> list[NearDesign]:
    """What is known of measured designs, the nearest first."""
    pairs = zip(nearest.place_N.tolist(), nearest.distance_N.tolist(), strict=True)
    return [
        NearDesign(
            genotype="+".join(seen.texts(place, manifest.edits)),
            distance=distance,
            row_count=int(seen.row_count_K[place]),
            labels=[
                MeasuredValue(
                    name=label.name, unit=label.unit, value=None if math.isnan(value) else value
                )
                for label, value in zip(manifest.labels, seen.value_KY[place].tolist(), strict=True)
            ],
        )
        for place, distance in pairs
    ]
