"""Parent strains that spare the most edits: greedy, then swaps.

What a parent saves a design is the cost of the edits that they share, if all of the parent's are
in the design; each design is built from the parent that saves it most, and each parent from the
reference. What a set of parents saves is submodular, and greedy has at least 1 - 1/e of the best of
a size, before what the parents cost themselves. Source: Nemhauser, Wolsey and Fisher 1978,
doi:10.1007/BF01588971.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, Edit

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

_SWAPS = 50
_SWAP_WORK = 1e9  # links read: some 20 seconds


@dataclass(frozen=True)
class Parents:
    """Every strain on the way to a design: proper subsets of its edits, but for the reference.

    Candidate `link_candidate_N[n]`, rising, is a parent of design `link_design_N[n]`.
    """

    genotypes: tuple[str, ...]
    place: dict[str, int]
    cost_C: Floats
    link_candidate_N: Places
    link_design_N: Places
    design_count: int

    @classmethod
    def of(cls, designs: Sequence[Design], cost_of: Callable[[Edit], float]) -> "Parents":
        """Candidates of some designs, by genotype."""
        # Texts, not designs: there may be millions. Edits of a design are in canonical order.
        links: list[tuple[str, int]] = []
        cost: dict[str, float] = {}
        for row, design in enumerate(designs):
            parts = [(str(edit), cost_of(edit)) for edit in design.edits]
            for size in range(1, design.order):
                for chosen in combinations(parts, size):
                    text = "+".join(name for name, _ in chosen)
                    cost[text] = sum(price for _, price in chosen)
                    links.append((text, row))
        genotypes = tuple(sorted(cost))
        place = {text: i for i, text in enumerate(genotypes)}
        links.sort()
        cost_C = np.array([cost[text] for text in genotypes])
        return cls(
            genotypes,
            place,
            cost_C,
            np.array([place[text] for text, _ in links], dtype=np.int64),
            np.array([row for _, row in links], dtype=np.int64),
            len(designs),
        )

    def best(self, chosen: Sequence[int]) -> tuple[Places, Floats]:
        """The best parent of each design, -1 for the reference, and what it saves: [D] both."""
        best_D = np.full(self.design_count, -1, dtype=np.int64)
        saved_D = np.zeros(self.design_count)
        begins, ends = (
            np.searchsorted(self.link_candidate_N, list(chosen), side=side).tolist()
            for side in ("left", "right")
        )
        for candidate, begin, end in zip(chosen, begins, ends, strict=True):
            rows = self.link_design_N[begin:end]
            better = rows[self.cost_C[candidate] > saved_D[rows]]
            best_D[better], saved_D[better] = candidate, self.cost_C[candidate]
        return best_D, saved_D

    def gains(self, saved_D: Floats) -> Floats:
        """What each candidate would save beside what is saved, less its own cost [C]."""
        more_N = self.cost_C[self.link_candidate_N] - saved_D[self.link_design_N]
        total_C = np.bincount(
            self.link_candidate_N, np.maximum(more_N, 0.0), minlength=len(self.genotypes)
        )
        gain_C: Floats = total_C - self.cost_C
        return gain_C


def choose_parents(
    parents: Parents,
    *,
    owned: Sequence[int],
    size: int,
    budget: float | None,
    poll: Callable[[], None] = lambda: None,
) -> list[int]:
    """At most `size` parents beside those owned, in the order chosen; none that saves nothing.

    `poll` is called before every step; what it raises ends the choice.
    """
    most = np.inf if budget is None else budget
    chosen: list[int] = []
    while len(chosen) < size:
        poll()
        new = _best_gain(parents, [*owned, *chosen], most - parents.cost_C[chosen].sum())
        if new is None:
            break
        chosen.append(new)
    most_swaps = int(_SWAP_WORK / (len(parents.link_design_N) * max(len(chosen), 1) + 1))
    for _ in range(min(_SWAPS, most_swaps)):
        swapped = _swapped(parents, owned, chosen, most, poll)
        if swapped is None:
            break
        chosen = swapped
    return chosen


def _net(parents: Parents, owned: Sequence[int], chosen: Sequence[int]) -> float:
    _, saved_D = parents.best([*owned, *chosen])
    return float(saved_D.sum() - parents.cost_C[list(chosen)].sum())


def _best_gain(parents: Parents, used: Sequence[int], left: float) -> int | None:
    if not len(parents.genotypes):
        return None
    _, saved_D = parents.best(used)
    gain_C = parents.gains(saved_D)
    gain_C[list(used)] = -np.inf
    gain_C[parents.cost_C > left] = -np.inf
    best = int(np.argmax(gain_C))
    return best if gain_C[best] > 0 else None


def _swapped(
    parents: Parents,
    owned: Sequence[int],
    chosen: Sequence[int],
    most: float,
    poll: Callable[[], None],
) -> list[int] | None:
    """One parent given for another that saves more; None where no swap does."""
    before = _net(parents, owned, chosen)
    for out in range(len(chosen)):
        poll()
        rest = [*chosen[:out], *chosen[out + 1 :]]
        left = most - parents.cost_C[rest].sum()
        new = _best_gain(parents, [*owned, *rest], left)
        if new is None or new == chosen[out]:
            continue
        tried = [*chosen[:out], new, *chosen[out + 1 :]]
        if _net(parents, owned, tried) > before + 1e-9 * abs(before):
            return tried
    return None
