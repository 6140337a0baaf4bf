"""One search by each strategy that goes through every triple: are the proposals the same?"""

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from service.contract.proposals import Proposal, SearchReport
from service.contract.search import SearchSpec, Strategy
from worker.inference.predictor import Predictor
from worker.search.run import search

EXACT = (Strategy.SCREEN, Strategy.BATCHED)
_ROUNDS = 3

Result = tuple[SearchReport, list[Proposal]]


def by_strategy(
    spec: SearchSpec, predictor: Predictor, counts: Sequence[int]
) -> tuple[Result, dict[str, Any]]:
    """What the screen proposes, and figures of both: they take turns, times are medians."""
    found: dict[Strategy, Result] = {}
    seconds: dict[Strategy, list[float]] = {strategy: [] for strategy in EXACT}
    for _ in range(_ROUNDS):
        for strategy in EXACT:
            begin = time.perf_counter()
            asked = spec.model_copy(update={"strategy": strategy})
            found[strategy] = search(asked, predictor)
            seconds[strategy].append(time.perf_counter() - begin)
    figures: dict[str, Any] = {
        strategy.value: {
            "report": report.model_dump(mode="json"),
            "seconds": median(seconds[strategy]),
        }
        for strategy, (report, _) in found.items()
    }
    screened, batched = (found[strategy][1] for strategy in EXACT)
    agreement = {str(k): agreed(screened[:k], batched[:k]) for k in counts}
    return found[Strategy.SCREEN], {"arms": figures, "agreement": agreement}


def agreed(first: Sequence[Proposal], second: Sequence[Proposal]) -> Mapping[str, float]:
    """How many of two lists are the same, how many at the same rank, and how far values differ."""
    value = {proposal.genotype: proposal.value for proposal in second}
    shared = [proposal for proposal in first if proposal.genotype in value]
    pairs = zip(first, second, strict=False)
    return {
        "count": max(len(first), len(second)),
        "shared": len(shared),
        "same_rank": sum(a.genotype == b.genotype for a, b in pairs),
        "largest_difference": max((abs(p.value - value[p.genotype]) for p in shared), default=0.0),
    }
