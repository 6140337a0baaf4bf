"""The best, read once more by the whole ensemble: in both readings, beside what is neutral."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.manifests import ManifestLabel
from service.contract.proposals import Proposal, ProposalLabel, Shrinkage
from worker.inference.ensembles import MemberReadings
from worker.inference.interactions import LARGEST
from worker.inference.predictor import Predictor
from worker.inference.score_columns import support_model
from worker.search.choice import Chosen
from worker.search.objective import member_sd
from worker.search.plan import SearchPlan
from worker.search.shrinkage import shrunk

Floats = NDArray[np.float64]


class _Columns(NamedTuple):
    """One label of all proposals, [K] each."""

    compose_mean: Floats
    compose_sd: Floats
    intact_mean: Floats
    intact_sd: Floats
    expected_neutral: Floats
    shrunk_mean: Floats | None

    def proposal_label(self, label: ManifestLabel, k: int) -> ProposalLabel:
        """The label of one of them."""
        above = self.compose_mean[k] - self.expected_neutral[k]
        intact_above = self.intact_mean[k] - self.expected_neutral[k]
        return ProposalLabel(
            name=label.name,
            unit=label.unit,
            compose_mean=self.compose_mean[k],
            compose_sd=self.compose_sd[k],
            intact_mean=self.intact_mean[k],
            intact_sd=self.intact_sd[k],
            expected_neutral=self.expected_neutral[k],
            interaction=intact_above,
            sign_disagrees=bool(above * intact_above < 0),
            shrunk_mean=None if self.shrunk_mean is None else self.shrunk_mean[k],
        )


def check(
    plan: SearchPlan, chosen: Chosen, predictor: Predictor, shrinkages: Sequence[Shrinkage]
) -> list[Proposal]:
    """Proposals, in the order that they were chosen in."""
    found = chosen.designs
    if not len(found):
        return []
    designs = [
        plan.pool.design(place for place in row if place >= 0) for row in found.set_CR.tolist()
    ]
    read = predictor.readings(designs)
    finite_K = np.all([(np.abs(label.intact_MBY) < LARGEST).all(axis=0) for label in read], axis=0)
    if not finite_K.all():  # far out of range, where a log scale ends
        kept = Chosen(found.rows(np.flatnonzero(finite_K)), chosen.is_pareto_K[finite_K])
        return check(plan, kept, predictor, shrinkages)
    checked = plan.ranking.judge({y: label.intact_MBY for y, label in enumerate(read)})
    check_rank_K = _ranks(checked.score_B)
    columns = _columns(read, predictor, designs, shrinkages)
    support = support_model(predictor.support(designs))
    return [
        Proposal(
            rank=k + 1,
            check_rank=check_rank_K[k],
            genotype=design.genotype,
            order=design.order - len(plan.pool.background),
            value=found.value_C[k],
            check_value=checked.score_B[k],
            check_is_feasible=bool(checked.feasible_B[k]),
            is_pareto=bool(chosen.is_pareto_K[k]),
            design_support=support.design_count[k],
            edit_support=support.edit_count_min[k],
            pair_support=support.pair_count_min[k],
            is_new_combination=support.pair_count_min[k] == 0,
            labels=tuple(column.proposal_label(label, k) for label, column in columns),
        )
        for k, design in enumerate(designs)
    ]


def _ranks(value_K: Floats) -> list[int]:
    """Place of each value from 1, the greatest first; of equals the first in the list."""
    rank_K = np.empty(len(value_K), dtype=np.int64)
    rank_K[np.argsort(-value_K, kind="stable")] = np.arange(1, len(value_K) + 1)
    ranks: list[int] = rank_K.tolist()
    return ranks


def _columns(
    read: Sequence[MemberReadings],
    predictor: Predictor,
    designs: Sequence[Design],
    shrinkages: Sequence[Shrinkage],
) -> list[tuple[ManifestLabel, _Columns]]:
    by_label = {found.label: found for found in shrinkages}
    neutral = predictor.expected_neutral(designs)
    columns = []
    for label, readings, expected in zip(predictor.manifest.labels, read, neutral, strict=True):
        compose_K = readings.compose_MBY.mean(axis=0)
        curse = by_label.get(label.name)
        column = _Columns(
            compose_mean=compose_K,
            compose_sd=member_sd(readings.compose_MBY),
            intact_mean=readings.intact_MBY.mean(axis=0),
            intact_sd=member_sd(readings.intact_MBY),
            expected_neutral=expected.expected_B,
            shrunk_mean=None if curse is None else shrunk(curse, compose_K),
        )
        columns.append((label, column))
    return columns
