"""What is said of the designs among composed states: both readings, and what lies between them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.algebra import (
    ComposedDesign,
    ComposeRequest,
    DesignReading,
    PermutationNull,
)
from service.contract.designs import Design
from service.contract.errors import InvalidDesignError, Offender
from service.contract.inference import NeutralSource
from service.contract.manifests import ManifestLabel
from service.contract.training import Transform
from worker.inference.answers import spread
from worker.inference.difference_null import permutation_p, pool_of
from worker.inference.ensembles import MemberReadings
from worker.inference.interactions import LARGEST
from worker.inference.neutral import Neutral
from worker.inference.predictor import Predictor
from worker.latent.combinations import composition_residuals

Floats = NDArray[np.float64]

_LEAST = 1e-300


def require_numbers(values: Sequence[Floats], what: str) -> None:
    """JSON has no infinity: refuse what levels far out of range lead to.

    Raises:
        InvalidDesignError: some value is none.
    """
    if all((np.abs(value) < LARGEST).all() for value in values):  # NaN is not below either
        return
    message = f"{what} is no finite number: the levels of its edits are too far out of range"
    raise InvalidDesignError(message, [Offender(field="designs", message=message)])


def composed_designs(
    predictor: Predictor,
    designs: Sequence[Design],
    readings: Sequence[MemberReadings],
    request: ComposeRequest,
    *,
    deadline_unix_seconds: float = math.inf,
) -> list[ComposedDesign]:
    """Both readings of some designs, which are `readings`, and their neutral expectation.

    Raises:
        InvalidDesignError: an expectation is no number.
        DeadlineExceededError: nobody waits any more.
    """
    if not designs:
        return []
    neutral = predictor.expected_neutral(designs)
    require_numbers([label.expected_B for label in neutral], "the neutral expectation")
    residual_B = _residuals(predictor, designs)
    found = []
    for place, design in enumerate(designs):
        own = [MemberReadings(*(y_MB[:, [place]] for y_MB in read)) for read in readings]
        nulls = _nulls(predictor, design, own, request, deadline_unix_seconds)
        labels = [
            _label(label, read, expected, place, null)
            for label, read, expected, null in zip(
                predictor.manifest.labels, own, neutral, nulls, strict=True
            )
        ]
        found.append(
            ComposedDesign(
                genotype=design.genotype,
                composition_residual=residual_B[place],
                labels=labels,
            )
        )
    return found


def _residuals(predictor: Predictor, designs: Sequence[Design]) -> list[float | None]:
    """Median over the members; None where nothing is perturbed."""
    latents = predictor.latents(designs)
    if latents is None:
        return [None] * len(designs)
    median_B = np.median(composition_residuals(*latents), axis=0).tolist()
    is_moved_B = (np.abs(latents.z_P_MBD).max(axis=(0, 2)) > 0).tolist()
    return [value if moved else None for value, moved in zip(median_B, is_moved_B, strict=True)]


def _label(
    label: ManifestLabel,
    own: MemberReadings,
    neutral: Neutral,
    place: int,
    null: PermutationNull | None,
) -> DesignReading:
    difference_M1 = own.intact_MBY - own.compose_MBY
    expected = float(neutral.expected_B[place])
    y_intact = float(own.intact_MBY.mean())
    return DesignReading(
        name=label.name,
        unit=label.unit,
        y_compose=float(own.compose_MBY.mean()),
        y_compose_sd=float(spread(own.compose_MBY)[0]),
        y_intact=y_intact,
        y_intact_sd=float(spread(own.intact_MBY)[0]),
        difference=float(difference_M1.mean()),
        difference_sd=float(spread(difference_M1)[0]),
        permutation_null=null,
        neutral_model=label.neutral_model,
        neutral_source=NeutralSource(neutral.sources()[place]),
        expected_neutral=expected,
        interaction=y_intact - expected,
    )


def _nulls(
    predictor: Predictor,
    design: Design,
    readings: Sequence[MemberReadings],
    request: ComposeRequest,
    deadline_unix_seconds: float,
) -> list[PermutationNull | None]:
    """One a label; the draws depend on the seed and on nothing that the request holds beside."""
    labels = predictor.manifest.labels
    nothing: list[PermutationNull | None] = [None] * len(labels)
    if predictor.seen is None or not design.order or not request.permutations:
        return nothing
    rng = np.random.default_rng(request.seed)
    pool, are_measured = pool_of(design, predictor.seen, predictor.manifest.edits, rng)
    if not pool:
        return nothing
    others = predictor.readings(pool, deadline_unix_seconds=deadline_unix_seconds)
    return [
        PermutationNull(
            p_value=permutation_p(
                _learned_difference(label, own)[:, 0],
                _learned_difference(label, other),
                request.permutations,
                rng,
            ),
            permutation_count=request.permutations,
            design_count=1 + len(pool),
            designs="measured" if are_measured else "drawn",
        )
        for label, own, other in zip(labels, readings, others, strict=True)
    ]


def _learned_difference(label: ManifestLabel, read: MemberReadings) -> Floats:
    """y_intact - y_compose on the scale that the label is learned on [M, B].

    In the unit of a label that is learned as its logarithm, designs with large values would have
    large differences, whatever their edits.
    """
    if label.transform is not Transform.LOG:
        return read.intact_MBY - read.compose_MBY
    intact_MB, compose_MB = (np.log(np.maximum(y, _LEAST)) for y in read)
    difference_MB: Floats = intact_MB - compose_MB
    return difference_MB
