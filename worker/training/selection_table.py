"""The table of a selection, and the reason in plain words."""

import math
from collections.abc import Sequence
from typing import get_args

from service.contract.candidates import AutoSpec, CandidateKind
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.latent_models import LatentModelSpec
from service.contract.selection import CandidateScore, Selection
from worker.training.selection_candidates import Candidate
from worker.training.selection_scores import (
    LEAST_GROUPS,
    Comparison,
    compare,
    group_count,
    simplest_of,
)
from worker.training.selection_state import SelectionState

_NETWORKS = frozenset(spec.model_fields["kind"].default for spec in get_args(LatentModelSpec))
_WORD = {"spearman": "Spearman", "mse": "mean squared error"}


def told(
    auto: AutoSpec,
    candidates: Sequence[Candidate],
    description: str,
    state: SelectionState,
    seed: int,
) -> Selection:
    """Who won, and why.

    Raises:
        InvalidArgumentError: every candidate is left out; each is named with its reason.
    """
    left_out = {c.kind: c.left_out for c in candidates if c.left_out is not None} | state.failed
    fitted = [c.kind for c in candidates if c.kind not in left_out]
    if not fitted:
        raise _refusal(left_out)
    folds = [state.folds[place] for place in sorted(state.folds)]
    groups = group_count(folds)
    comparison = None
    if len(fitted) > 1 and groups >= LEAST_GROUPS:
        comparison = compare(folds, fitted, auto.criterion, seed)
    chosen, reason = _chosen(auto, fitted, comparison, groups)
    networks = [kind for kind in fitted if kind in _NETWORKS]
    if networks and comparison is not None:
        reason += (
            f" A fold has one member of each: what is said here of {' and '.join(networks)} is not "
            "of the ensemble that would be trained."
        )
    return Selection(
        criterion=auto.criterion,
        folds=description,
        fold_count=len(folds),
        design_count=sum(len(fold.group_K) for fold in folds),
        group_count=groups,
        candidates=tuple(_row(c, state, comparison, chosen, left_out) for c in candidates),
        chosen=chosen,
        reason=reason,
    )


def _refusal(left_out: dict[str, str]) -> InvalidArgumentError:
    offenders = [
        Offender(field="model.candidates", value=kind, message=why)
        for kind, why in left_out.items()
    ]
    listed = "; ".join(f"{kind}: {why}" for kind, why in left_out.items())
    return InvalidArgumentError(f"model auto: no candidate can be fitted: {listed}", offenders)


def _chosen(
    auto: AutoSpec, fitted: Sequence[CandidateKind], comparison: Comparison | None, groups: int
) -> tuple[CandidateKind, str]:
    simplest = fitted[0]
    if len(fitted) == 1:
        return simplest, f"{simplest} is the only candidate that can be fitted."
    if comparison is None:
        return simplest, (
            f"{simplest} is the simplest: {groups} design groups on the inner folds are too few "
            f"to compare by, it takes {LEAST_GROUPS}."
        )
    word = _WORD[auto.criterion]
    best = comparison.best
    chosen = next(kind for kind in fitted if kind == simplest_of(comparison, fitted))
    said = f"{best} is best on the inner folds ({word} {comparison.score[best]:.3f})"
    if chosen == best:
        return chosen, f"{said}; no simpler candidate is within one standard error of it."
    return chosen, (
        f"{said}; {chosen} ({comparison.score[chosen]:.3f}) is the simplest within one standard "
        f"error of it: {comparison.behind[chosen]:.3f} behind, standard error of this difference "
        f"{comparison.standard_error[chosen]:.3f}."
    )


def _row(
    candidate: Candidate,
    state: SelectionState,
    comparison: Comparison | None,
    chosen: str,
    left_out: dict[str, str],
) -> CandidateScore:
    kind = candidate.kind
    common = {
        "kind": kind,
        "estimated_seconds": candidate.seconds,
        "seconds": state.seconds.get(kind),
        "is_chosen": kind == chosen,
        "left_out": left_out.get(kind),
    }
    if comparison is None or kind not in comparison.score:
        return CandidateScore.model_validate(common)
    error = comparison.standard_error[kind]
    is_best = kind == comparison.best
    return CandidateScore.model_validate(
        {
            **common,
            "score": comparison.score[kind],
            "behind_best": comparison.behind[kind],
            "standard_error": None if is_best or math.isinf(error) else error,
            "is_best": is_best,
        }
    )
