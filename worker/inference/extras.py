"""What an answer holds on request: the nearest measured design, states, gradients."""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from service.contract.algebra import LatentMetric
from service.contract.errors import DeadlineExceededError, FailedPreconditionError
from service.contract.inference import ScoreExtra
from service.contract.latent_models import no_latent_space
from worker.inference.ensembles import Latents
from worker.inference.nearest import near_designs, nearest_by_edits
from worker.inference.predictor import Predictor, in_unit
from worker.inference.score_columns import ScoreExtras
from worker.models.encoding import DesignBatch, EncodedDesigns

Floats = NDArray[np.float64]

# Central differences of float64 are at their best about here.
_STEP = 1e-4
_CHUNK_DESIGNS = 128


def extras_of(
    predictor: Predictor,
    designs: EncodedDesigns,
    include: Sequence[ScoreExtra],
    *,
    deadline_unix_seconds: float = math.inf,
) -> ScoreExtras:
    """What is to be included, for designs that the model's vocabulary read.

    Raises:
        FailedPreconditionError: the model has no states to include.
        DeadlineExceededError: nobody waits any more.
    """
    latents = None
    if ScoreExtra.Z in include or ScoreExtra.NEAREST in include:
        latents = predictor.latents(designs)
    states_BD = None
    if ScoreExtra.Z in include:
        if latents is None:
            raise FailedPreconditionError(no_latent_space(predictor.manifest.model_kind))
        states_BD = latents.z_W_MD[0] + latents.z_P_MBD[0]
    nearest = gradients = None
    if ScoreExtra.NEAREST in include:
        nearest = _nearest(predictor, designs, latents, deadline_unix_seconds)
    if ScoreExtra.GRADIENT in include:
        slopes = gradients_of(predictor, designs, deadline_unix_seconds=deadline_unix_seconds)
        start_B = designs.start_N[1:-1]
        gradients = [[part.tolist() for part in np.split(slope_J, start_B)] for slope_J in slopes]
    return ScoreExtras(nearest, states_BD, gradients)


def _nearest(
    predictor: Predictor,
    designs: EncodedDesigns,
    latents: Latents | None,
    deadline_unix_seconds: float,
) -> list[dict[str, object]] | None:
    """The nearest measured design of each; None for a model that does not keep its designs.

    By composed states where there are any, otherwise by the effects of the edits.
    """
    seen, manifest = predictor.seen, predictor.manifest
    if seen is None or not len(seen):
        return None
    found: list[dict[str, object]] = []
    known_KE = seen.effects(manifest.edits)
    for start in range(0, len(designs), _CHUNK_DESIGNS):
        _require_time(deadline_unix_seconds)
        rows = slice(start, start + _CHUNK_DESIGNS)
        if latents is None or predictor.neighborhood is None:
            chosen = designs.rows(np.arange(len(designs))[rows])
            near = nearest_by_edits(_matrix(predictor, chosen), known_KE)
        else:
            near = predictor.neighborhood.nearest(
                latents.z_P_MBD[:, rows],
                LatentMetric.EUCLID,
                1,
                deadline_unix_seconds=deadline_unix_seconds,
            )
        found += [near_designs(manifest, seen, one)[0].model_dump() for one in near]
    return found


def _matrix(predictor: Predictor, designs: EncodedDesigns) -> csr_matrix:
    effect_J = predictor.vocabulary.index.effects(designs)
    shape = (len(designs), len(predictor.manifest.edits))
    return csr_matrix((effect_J, designs.edit_J, designs.start_N), shape=shape)


def gradients_of(
    predictor: Predictor, designs: EncodedDesigns, *, deadline_unix_seconds: float = math.inf
) -> list[Floats]:
    """D mean / d effect of each edit [J], one array a label, in its unit per unit of effect.

    Central differences, for any kind of model; at a kink it is the mean of both sides.
    """
    parts = predictor.vocabulary.parts(designs)
    slopes = []
    for batch in parts.batches:
        slope_BPY = np.zeros((*batch.edit_BP.shape, len(predictor.manifest.labels)))
        for column in range(batch.edit_BP.shape[1]):
            _require_time(deadline_unix_seconds)
            above_BY, below_BY = (_mean(predictor, batch, column, s) for s in (_STEP, -_STEP))
            slope_BPY[:, column] = (above_BY - below_BY) / (2.0 * _STEP)
        slopes.append(slope_BPY[(batch.edit_BP > 0).numpy()])
    slope_JY = np.empty((len(designs.edit_J), len(predictor.manifest.labels)))
    places = EncodedDesigns(
        np.arange(len(slope_JY), dtype=np.int32), designs.level_J, designs.start_N
    )
    slope_JY[places.rows(np.argsort(parts.order_B)).edit_J] = np.concatenate(slopes)
    return list(slope_JY.T)


def _mean(predictor: Predictor, batch: DesignBatch, column: int, step: float) -> Floats:
    """Means of the labels [B, Y] with the effect of one edit of each design moved by a step."""
    effect_BP = batch.effect_BP.clone()
    effect_BP[:, column] += step * (batch.edit_BP[:, column] > 0)
    intact_MBY = predictor.ensemble.read(DesignBatch(batch.edit_BP, effect_BP)).intact_MBY
    means = [
        in_unit(label, intact_MBY[:, :, y]).mean(axis=0)
        for y, label in enumerate(predictor.manifest.labels)
    ]
    return np.stack(means, axis=1)


def _require_time(deadline_unix_seconds: float) -> None:
    if time.time() >= deadline_unix_seconds:
        raise DeadlineExceededError("the deadline passed while the designs were scored")
