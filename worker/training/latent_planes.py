"""Latent states in two dimensions: principal components, or UMAP."""

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import FailedPreconditionError, Offender

Floats = NDArray[np.float64]
Method = Literal["pca", "umap"]

_TINY = 1e-12
_NEIGHBORS = 15


@dataclass(frozen=True)
class Plane:
    """States [B, 2] and the reference [2]; shares of the variance [2], where axes have any."""

    place_B2: Floats
    reference_2: Floats
    share_2: Floats | None = None


def require_library(method: Method) -> None:
    """Before any work is done: whether the plane can be drawn here.

    Raises:
        FailedPreconditionError: the library of this method is not installed.
    """
    if method == "umap" and find_spec("umap") is None:
        message = (
            "a latent map by umap needs the package umap-learn, which this worker lacks: install "
            "it (it is part of cellgebra[worker]), or leave report.latent_map at pca"
        )
        raise FailedPreconditionError(
            f"report.latent_map: {message}",
            [Offender(field="report.latent_map", value=method, message=message)],
        )


def plane_of(method: Method, z_BD: Floats, z_W_D: Floats, seed: int) -> Plane:
    """Two dimensions of states and of the reference; the same for the same seed."""
    if method == "umap":
        return _neighborhoods(z_BD, z_W_D, seed)
    return _components(z_BD, z_W_D)


def _components(z_BD: Floats, z_W_D: Floats) -> Plane:
    """The first two principal components of the states, and the reference among them."""
    center_D = z_BD.mean(axis=0)
    _, size_K, axis_KD = np.linalg.svd(z_BD - center_D, full_matrices=False)
    # The sign of a component is arbitrary: its largest weight points up.
    sign_K = np.sign(axis_KD[np.arange(len(axis_KD)), np.abs(axis_KD).argmax(axis=1)])
    axis_2D = np.zeros((2, z_BD.shape[1]))
    axis_2D[: len(axis_KD[:2])] = (axis_KD * sign_K[:, None])[:2]
    share_2 = np.zeros(2)
    share_2[: len(size_K[:2])] = (np.square(size_K) / max(np.square(size_K).sum(), _TINY))[:2]
    return Plane((z_BD - center_D) @ axis_2D.T, axis_2D @ (z_W_D - center_D), share_2)


def _neighborhoods(z_BD: Floats, z_W_D: Floats, seed: int) -> Plane:
    """UMAP of the states and of the reference, which is one more state to it.

    One thread, and a start at the principal components: the same seed gives the same plane.

    Source: McInnes, Healy and Melville 2018, UMAP, arXiv:1802.03426; umap-learn.
    """
    with warnings.catch_warnings():
        # It says that its networks need TensorFlow, which is not used here.
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP
    mapping = UMAP(n_neighbors=min(_NEIGHBORS, len(z_BD)), init="pca", random_state=seed, n_jobs=1)
    place_N2 = np.asarray(mapping.fit_transform(np.vstack([z_BD, z_W_D])), dtype=np.float64)
    return Plane(place_N2[:-1], place_N2[-1])
