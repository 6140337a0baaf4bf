"""What the latent space looks like: composition residual by order, and a map of z_I."""

import numpy as np
from numpy.typing import NDArray

from service.contract.report_diagnostics import CompositionFigures, LatentMap
from service.contract.training import Transform
from worker.inference.ensembles import Latents
from worker.inference.predictor import Predictor
from worker.latent.combinations import composition_residuals
from worker.training.diagnostics_designs import (
    ReadPart,
    drawn,
    in_unit,
    quantiles_by_order,
)
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]

_MOST_READ = 5000
_TINY = 1e-12


def composition_figures(read: ReadPart, seed: int) -> CompositionFigures | None:
    """Residual of the composition over designs with edits; None for a model without a latent."""
    edited = np.flatnonzero(read.order_K > 0)
    places = edited[drawn(len(edited), seed, _MOST_READ)]
    designs = [read.part.designs[place] for place in places.tolist()]
    latents = read.predictor.latents(designs) if designs else None
    if latents is None:
        return None
    relative_B = np.median(composition_residuals(*latents), axis=0)
    return CompositionFigures(
        part=read.name,
        design_count=len(designs),
        member_count=len(latents.z_W_MD),
        by_order=quantiles_by_order(relative_B, read.order_K[places]),
    )


def _components(latents: Latents) -> tuple[Floats, Floats, Floats]:
    """First two principal components [B, 2], z_W in their plane [2], and their shares [2]."""
    z_I_BD = latents.z_I_MBD[0]
    center_D = z_I_BD.mean(axis=0)
    _, size_K, axis_KD = np.linalg.svd(z_I_BD - center_D, full_matrices=False)
    # The sign of a component is arbitrary: its largest weight points up.
    sign_K = np.sign(axis_KD[np.arange(len(axis_KD)), np.abs(axis_KD).argmax(axis=1)])
    axis_2D = np.zeros((2, z_I_BD.shape[1]))
    axis_2D[: len(axis_KD[:2])] = (axis_KD * sign_K[:, None])[:2]
    share_2 = np.zeros(2)
    share_2[: len(size_K[:2])] = (np.square(size_K) / max(np.square(size_K).sum(), _TINY))[:2]
    plane_B2 = (z_I_BD - center_D) @ axis_2D.T
    return plane_B2, axis_2D @ (latents.z_W_MD[0] - center_D), share_2


def latent_map(data: TrainingData, predictor: Predictor, seed: int) -> LatentMap | None:
    """Designs of both parts in the plane of z_I's first two components; None without a latent."""
    parts = (data.train, data.test)
    designs = [design for part in parts for design in part.designs]
    is_test_N = np.repeat([False, True], [len(part.designs) for part in parts])
    learned_N = np.concatenate([part.design_means()[:, 0] for part in parts])
    place_B = drawn(len(designs), seed)
    chosen = [designs[place] for place in place_B.tolist()]
    latents = predictor.latents(chosen) if len(chosen) > 2 else None
    if latents is None:
        return None
    plane_B2, reference_2, share_2 = _components(latents)
    label = data.labels[0]
    value_B = in_unit(label, learned_N[place_B])
    return LatentMap(
        label=label.column.name,
        unit=label.column.unit,
        is_log=label.transform is Transform.LOG,
        design_count=len(designs),
        share=(float(share_2[0]), float(share_2[1])),
        reference=(float(reference_2[0]), float(reference_2[1])),
        first=plane_B2[:, 0].tolist(),
        second=plane_B2[:, 1].tolist(),
        order=[design.order for design in chosen],
        value=[None if np.isnan(value) else float(value) for value in value_B],
        is_test=is_test_N[place_B].tolist(),
    )
