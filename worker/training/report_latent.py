"""What the report says of a network's latent space."""

from collections.abc import Sequence

import numpy as np

from service.contract.reports import LatentReport
from worker.training.latent_monitor import LatentState

_LEARNED_REFERENCE = (
    "z_W is a learned vector: with one reference strain and no gene features there is nothing to "
    "encode it from, and an edit without training data has no prediction."
)
_WITH_GENES = (
    "z_W is a learned vector: there is one reference strain. Shifts are projected features of "
    "genes and a learned part, so that an edit of a gene without training data is predicted from "
    "its features alone."
)


def latent_report(
    states: Sequence[LatentState], *, reads_genes: bool = False
) -> LatentReport | None:
    """Medians over the members; None for a model without a latent space."""
    if not states:
        return None

    def median(values: list[float]) -> float:
        return float(np.median(values))

    return LatentReport(
        statement=_WITH_GENES if reads_genes else _LEARNED_REFERENCE,
        composition_residual_median=median([s.residual for s in states]),
        effective_rank=median([s.effective_rank for s in states]),
        variance=median([s.variance for s in states]),
        shuffled_residual_ratio=median([s.shuffled_ratio for s in states]),
        collapsed_member_count=sum(s.is_collapsed for s in states),
        member_at_additive_start_count=sum(s.is_start for s in states),
    )
