"""Arithmetic in the latent space of a loaded model: composed states, read and compared.

A state is that of a linear combination of designs (`worker.latent.combinations`), read by the head
in each label's unit. Where a set of edits has the state, both readings of that design come with
it, their difference beside its permutation null, and its neutral expectation.
"""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.algebra import (
    DEFAULT_STEPS,
    ComposeAnswer,
    ComposedState,
    ComposeRequest,
    LatentOperation,
    MeasuredSource,
    StateReading,
)
from service.contract.designs import Design, parse_genotype
from service.contract.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidDesignError,
)
from service.contract.inference import MemberState, NearDesign
from service.contract.latent_models import no_latent_space
from service.contract.manifests import ManifestLabel
from worker.inference.answers import spread
from worker.inference.composed_designs import composed_designs, require_numbers
from worker.inference.ensembles import MemberReadings
from worker.inference.nearest import near_designs
from worker.inference.predictor import Predictor
from worker.latent.combinations import (
    ANALOGY_3,
    SUBTRACT_2,
    NoDesign,
    clashes,
    combine,
    combined_design,
    interpolation,
)

Floats = NDArray[np.float64]


class _Asked(NamedTuple):
    predictor: Predictor
    request: ComposeRequest
    deadline_unix_seconds: float


def compose_designs(
    predictor: Predictor, request: ComposeRequest, *, deadline_unix_seconds: float = math.inf
) -> ComposeAnswer:
    """Carry an operation out. The same request always gives the same answer.

    Raises:
        FailedPreconditionError: the model has no latent space.
        InvalidDesignError: a genotype is malformed, designs to compose have an edit in common or
            edits that exclude each other, or a state is out of all numbers.
        UnknownEditsError: edits are not in the vocabulary; every offender is listed.
        DeadlineExceededError: nobody waits any more.
    """
    manifest = predictor.manifest
    designs = _designs(predictor, request)
    if time.time() >= deadline_unix_seconds:
        raise DeadlineExceededError("the deadline passed before anything was composed")
    coefficient_SB = _coefficients(request)
    latents = predictor.latents(designs)
    if latents is None:
        raise FailedPreconditionError(no_latent_space(manifest.model_kind))
    z_P_MSD = combine(latents.z_P_MBD, coefficient_SB)
    z_MSD = latents.z_W_MD[:, None, :] + z_P_MSD
    require_numbers([z_MSD], "a state")
    asked = _Asked(predictor, request, deadline_unix_seconds)
    found = [combined_design(designs, coefficient_B) for coefficient_B in coefficient_SB]
    return ComposeAnswer(
        model_id=predictor.model_id,
        vocabulary_sha256=manifest.vocabulary_sha256,
        operation=request.operation,
        designs=[design.genotype for design in designs],
        metric=request.metric,
        member_count=manifest.member_count,
        states=_states(asked, z_MSD, z_P_MSD, found),
        measured=_source(predictor),
    )


def _source(predictor: Predictor) -> MeasuredSource | None:
    if predictor.seen is None:
        return None
    return MeasuredSource(
        dataset_id=predictor.manifest.dataset_id,
        table_sha256=predictor.manifest.table_sha256,
        design_count=len(predictor.seen),
    )


def _designs(predictor: Predictor, request: ComposeRequest) -> list[Design]:
    designs = [parse_genotype(text) for text in request.designs]
    unknown = predictor.vocabulary.unknown_edits(designs, "designs")
    if unknown.offenders:
        raise unknown
    if request.operation is LatentOperation.COMPOSE:
        found = clashes(designs)
        if found:
            raise InvalidDesignError(
                f"these designs cannot be one strain: {found[0].message}", found
            )
    return designs


def _coefficients(request: ComposeRequest) -> Floats:
    """Of each design in each state [S, B]."""
    match request.operation:
        case LatentOperation.COMPOSE:
            return np.ones((1, len(request.designs)))
        case LatentOperation.SUBTRACT:
            return SUBTRACT_2[None]
        case LatentOperation.ANALOGY:
            return ANALOGY_3[None]
        case LatentOperation.INTERPOLATE:
            return interpolation(request.steps or DEFAULT_STEPS)


def _states(
    asked: _Asked, z_MSD: Floats, z_P_MSD: Floats, found: Sequence[Design | NoDesign]
) -> list[ComposedState]:
    """One entry a state; what is said of a design is worked out once."""
    designs = list(dict.fromkeys(result for result in found if isinstance(result, Design)))
    # Networks with mixed differences cannot read a batch of no design.
    read = asked.predictor.readings(
        designs or [Design()], deadline_unix_seconds=asked.deadline_unix_seconds
    )
    place_of = {design: place for place, design in enumerate(designs)}
    labels = _state_readings(
        asked.predictor,
        z_MSD,
        [place_of[r] if isinstance(r, Design) else None for r in found],
        read,
    )
    told = composed_designs(
        asked.predictor,
        designs,
        read,
        asked.request,
        deadline_unix_seconds=asked.deadline_unix_seconds,
    )
    near = _near_designs(asked, z_P_MSD)
    is_line = asked.request.operation is LatentOperation.INTERPOLATE
    return [
        ComposedState(
            position=place / (len(found) - 1) if is_line else None,
            labels=[label[place] for label in labels],
            design=told[place_of[result]] if isinstance(result, Design) else None,
            no_design_reason=result.reason if isinstance(result, NoDesign) else None,
            nearest=near[place],
            latents=_members(z_MSD[:, place]) if asked.request.with_latents else None,
        )
        for place, result in enumerate(found)
    ]


def _state_readings(
    predictor: Predictor,
    z_MSD: Floats,
    places: Sequence[int | None],
    read: Sequence[MemberReadings],
) -> list[list[StateReading]]:
    """Readings of each label at each state; where it is that of a design, that design's y_compose.

    So an interaction label has its mixed difference there, and an upper bound of the model holds.
    """
    found = []
    values = predictor.state_readings(z_MSD)
    for label, value_MS, readings in zip(predictor.manifest.labels, values, read, strict=True):
        for state, place in enumerate(places):
            if place is not None:
                value_MS[:, state] = readings.compose_MBY[:, place]
        missing_S = np.isnan(value_MS).all(axis=0) if label.measure is not None else None
        kept_MS = value_MS if missing_S is None else value_MS[:, ~missing_S]
        require_numbers([kept_MS], f"{label.name} of a state")
        found.append([_state_reading(label, value_M) for value_M in value_MS.T])
    return found


def _state_reading(label: ManifestLabel, value_M: Floats) -> StateReading:
    if np.isnan(value_M).any():
        return StateReading(name=label.name, unit=label.unit)
    return StateReading(
        name=label.name,
        unit=label.unit,
        mean=float(value_M.mean()),
        sd=float(spread(value_M[:, None])[0]),
        member_values=value_M.tolist(),
    )


def _near_designs(asked: _Asked, z_P_MSD: Floats) -> list[list[NearDesign] | None]:
    predictor, request = asked.predictor, asked.request
    neighborhood, seen = predictor.neighborhood, predictor.seen
    if neighborhood is None or seen is None or not request.nearest_count:
        return [None] * z_P_MSD.shape[1]
    found = neighborhood.nearest(
        z_P_MSD,
        request.metric,
        request.nearest_count,
        deadline_unix_seconds=asked.deadline_unix_seconds,
    )
    return [near_designs(predictor.manifest, seen, nearest) or None for nearest in found]


def _members(z_MD: Floats) -> list[MemberState]:
    return [MemberState(values=z_D) for z_D in z_MD.tolist()]
