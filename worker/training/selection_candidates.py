"""Which models `auto` compares: the order of simplicity, what fits the labels, what costs too much.

The cost of a candidate is estimated from the size of the data, before anything is fitted, so that
what is compared depends on the spec and the data alone, never on how busy a machine is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from service.contract.errors import FailedPreconditionError
from service.contract.models import (
    AdditiveSpec,
    AutoSpec,
    CandidateKind,
    FittedSpec,
    ForestSpec,
    GpSpec,
    LowRankSpec,
    MultiplicativeSpec,
    NearestDesignSpec,
    PairwiseSpec,
    PerturbationSetSpec,
    ProfileGpSpec,
    ProfileKnnSpec,
)
from service.contract.training import TrainingSpec, Transform
from worker.training.memory import require_memory
from worker.training.preparation import TrainingData

SIMPLEST_FIRST: tuple[CandidateKind, ...] = get_args(CandidateKind)
LIMIT_SECONDS = 1800.0

_SPECS: Mapping[str, FittedSpec] = {
    spec.kind: spec
    for spec in (
        AdditiveSpec(),
        MultiplicativeSpec(),
        PairwiseSpec(),
        LowRankSpec(),
        ProfileKnnSpec(),
        ProfileGpSpec(),
        NearestDesignSpec(),
        ForestSpec(),
        GpSpec(),
        PerturbationSetSpec(),
    )
}
_RATIO_KINDS = frozenset({"multiplicative", "pairwise"})
_PAIR_KINDS = frozenset({"low_rank", "profile_knn", "profile_gp"})


@dataclass(frozen=True)
class Candidate:
    """A model to compare; `seconds` is the estimate for all folds and all labels."""

    kind: CandidateKind
    spec: FittedSpec
    seconds: float
    left_out: str | None = None


def candidates_of(
    auto: AutoSpec, spec: TrainingSpec, data: TrainingData, folds: int
) -> list[Candidate]:
    """Every kind that was asked for, the simplest first; some with the reason not to fit it."""
    wanted = auto.candidates or SIMPLEST_FIRST
    found = []
    for kind in (kind for kind in SIMPLEST_FIRST if kind in wanted):
        model = _SPECS[kind]
        seconds = folds * estimate_seconds(model, spec, data)
        reason = _unfit(kind, data) or _too_large(spec, model, data)
        if reason is None and auto.candidates is None and seconds > LIMIT_SECONDS:
            reason = (
                f"about {seconds / 60:.0f} minutes for {folds} folds, and {LIMIT_SECONDS / 60:.0f} "
                "is the limit; name it in candidates to compare it nevertheless"
            )
        found.append(Candidate(kind, model, seconds, reason))
    return found


def _unfit(kind: str, data: TrainingData) -> str | None:
    """Why a model has nothing to learn here that a simpler one lacks."""
    if kind == "multiplicative" and all(x.transform is Transform.LOG for x in data.labels):
        return "on the log of a label it is the additive model"
    if kind in _RATIO_KINDS and any(label.measure_order for label in data.labels):
        return "an interaction score has no ratios"
    orders = {design.order for design in data.train.designs}
    if kind == "pairwise" and not {2, 3} <= orders:
        return "it takes designs of three edits from those of two, and both are needed"
    if kind in _PAIR_KINDS and 2 not in orders:
        return "it learns from designs of two edits, and there is none"
    return None


def _too_large(spec: TrainingSpec, model: FittedSpec, data: TrainingData) -> str | None:
    orders: Sequence[int] = [design.order for design in data.train.designs]
    own = spec.model_copy(update={"model": model})
    measures = [label.measure_order for label in data.labels]
    try:
        require_memory(own, len(orders), max(orders, default=0), measures)
    except FailedPreconditionError as error:
        return error.detail
    return None


def estimate_seconds(model: FittedSpec, spec: TrainingSpec, data: TrainingData) -> float:
    """Seconds of one fit of one member on one core of 2020, within a factor of three or so."""
    rows, edits, labels = len(data.train), len(data.index), len(data.labels)
    match model:
        case PerturbationSetSpec():
            steps = spec.epochs * -(-rows // spec.batch_size)
            return steps * (0.004 + 1e-6 * spec.batch_size * model.latent_dim)
        case ForestSpec():
            grown = min(rows, model.max_rows)
            return labels * (0.1 + 3e-8 * model.trees * grown * edits)
        case GpSpec():
            kept, chosen = min(rows, model.max_rows), min(rows, model.max_selection_rows)
            return labels * (0.1 + 4e-10 * kept**3 + 3e-8 * chosen**3)
        case LowRankSpec() | ProfileKnnSpec() | ProfileGpSpec():
            return labels * (0.05 + 1e-7 * edits**3 + 1e-6 * rows)
        case NearestDesignSpec():
            return labels * (0.01 + 2e-9 * rows * rows)
        case _:
            return labels * (0.01 + 1e-6 * rows)
