"""Which models `auto` compares: the order of simplicity, what fits the labels, what costs too much.

The cost of a candidate is estimated from the size of the data, before anything is fitted, so that
what is compared depends on the spec and the data alone, never on how busy a machine is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from service.contract.candidates import AutoSpec, CandidateKind
from service.contract.errors import FailedPreconditionError
from service.contract.latent_models import GeneGraphSpec, PerturbationSetSpec
from service.contract.models import (
    GENE_KINDS,
    AdditiveSpec,
    FeatureRidgeSpec,
    FittedSpec,
    ForestSpec,
    GeneKernelSpec,
    GpSpec,
    LowRankSpec,
    MultiplicativeSpec,
    NearestDesignSpec,
    PairwiseSpec,
    ProfileGpSpec,
    ProfileKnnSpec,
    SaturatingSpec,
)
from service.contract.training import TrainingSpec, Transform
from worker.training.memory import TrainingSize, require_memory
from worker.training.preparation import TrainingData
from worker.training.selection_costs import estimate_seconds

SIMPLEST_FIRST: tuple[CandidateKind, ...] = get_args(CandidateKind)
LIMIT_SECONDS = 1800.0

_SPECS: Mapping[str, FittedSpec] = {
    spec.kind: spec
    for spec in (
        AdditiveSpec(),
        SaturatingSpec(),
        FeatureRidgeSpec(),
        MultiplicativeSpec(),
        PairwiseSpec(),
        LowRankSpec(),
        ProfileKnnSpec(),
        ProfileGpSpec(),
        GeneKernelSpec(),
        NearestDesignSpec(),
        ForestSpec(),
        GpSpec(),
        PerturbationSetSpec(),
        GeneGraphSpec(),
    )
}
_FEWEST_SIZES = 2
_RATIO_KINDS = frozenset({"multiplicative", "pairwise"})
_PAIR_KINDS = frozenset({"low_rank", "profile_knn", "profile_gp", "gene_kernel"})


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
    orders = {design.order for design in data.train.designs}
    unfit = {
        "on the log of a label it is the additive model": kind == "multiplicative"
        and all(label.transform is Transform.LOG for label in data.labels),
        "designs are all of one size, so that it is the additive model": kind == "saturating"
        and len(orders) < _FEWEST_SIZES,
        "an interaction score has no ratios": kind in _RATIO_KINDS
        and any(label.measure_order for label in data.labels),
        "it takes designs of three edits from those of two, and both are needed": kind == "pairwise"
        and not {2, 3} <= orders,
        "it learns from designs of two edits, and there is none": kind in _PAIR_KINDS
        and 2 not in orders,
        **_without_genes(kind, data),
    }
    return next((reason for reason, is_so in unfit.items() if is_so), None)


def _without_genes(kind: str, data: TrainingData) -> dict[str, bool]:
    if data.genes is None:
        return {"it reads a gene table, and the spec names none": kind in GENE_KINDS}
    table = data.genes.table
    return {
        "it passes messages over a network, and the spec names none": kind == "gene_graph"
        and not table.networks,
        "it reads features of genes, and there is none": kind == "feature_ridge"
        and not table.feature_names,
    }


def _too_large(spec: TrainingSpec, model: FittedSpec, data: TrainingData) -> str | None:
    try:
        require_memory(spec.model_copy(update={"model": model}), TrainingSize.of(data))
    except FailedPreconditionError as error:
        return error.detail
    return None
