"""What the latent space looks like: composition residual by order, and a map of z_I."""

import numpy as np
from numpy.typing import NDArray

from service.contract.report_diagnostics import CompositionFigures, LatentMap
from service.contract.training import Transform
from worker.inference.predictor import Predictor
from worker.latent.combinations import composition_residuals
from worker.training.diagnostics_designs import (
    ReadPart,
    drawn,
    in_unit,
    quantiles_by_order,
)
from worker.training.latent_planes import Method, plane_of
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]

_MOST_READ = 5000


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


def _pair(value_2: Floats) -> tuple[float, float]:
    return float(value_2[0]), float(value_2[1])


def latent_map(
    data: TrainingData, predictor: Predictor, seed: int, method: Method
) -> LatentMap | None:
    """Designs of both parts in two dimensions of z_I; None without a latent."""
    parts = (data.train, data.test)
    designs = [design for part in parts for design in part.designs]
    is_test_N = np.repeat([False, True], [len(part.designs) for part in parts])
    learned_N = np.concatenate([part.design_means()[:, 0] for part in parts])
    place_B = drawn(len(designs), seed)
    chosen = [designs[place] for place in place_B.tolist()]
    latents = predictor.latents(chosen) if len(chosen) > 2 else None
    if latents is None:
        return None
    plane = plane_of(method, latents.z_I_MBD[0], latents.z_W_MD[0], seed)
    label = data.labels[0]
    value_B = in_unit(label, learned_N[place_B])
    return LatentMap(
        method=method,
        label=label.column.name,
        unit=label.column.unit,
        is_log=label.transform is Transform.LOG,
        design_count=len(designs),
        share=None if plane.share_2 is None else _pair(plane.share_2),
        reference=_pair(plane.reference_2),
        first=plane.place_B2[:, 0].tolist(),
        second=plane.place_B2[:, 1].tolist(),
        order=[design.order for design in chosen],
        value=[None if np.isnan(value) else float(value) for value in value_B],
        is_test=is_test_N[place_B].tolist(),
    )
