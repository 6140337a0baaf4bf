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

_POLLED = 100  # designs: a tenth of a second
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
    def of(
        cls,
        designs: Sequence[Design],
        cost_of: Callable[[Edit], float],
        poll: Callable[[], None] = lambda: None,
    ) -> "Parents":
        """Candidates of some designs, by genotype; `poll` is called in between, and may raise."""
        # Texts, not designs: there may be millions. Edits of a design are in canonical order.
        number: dict[str, int] = {}
        cost: list[float] = []
        link_number: list[int] = []
        for row, design in enumerate(designs):
            if row % _POLLED == 0:
                poll()
            parts = [(str(edit), cost_of(edit)) for edit in design.edits]
            for size in range(1, design.order):
                for chosen in combinations(parts, size):
                    text = "+".join(name for name, _ in chosen)
                    if text not in number:
                        number[text] = len(cost)
                        cost.append(sum(price for _, price in chosen))
                    link_number.append(number[text])
        poll()
        genotypes = tuple(sorted(number))
        poll()
        number_C = np.array([number[text] for text in genotypes], dtype=np.int64)
        poll()
        place_of_number = np.empty_like(number_C)
        place_of_number[number_C] = np.arange(len(number_C))
        link_candidate_N = place_of_number[np.array(link_number, dtype=np.int64)]
        poll()
        order_N = np.argsort(link_candidate_N, kind="stable")
        counts = [max(2**design.order - 2, 0) for design in designs]
        return cls(
            genotypes,
            {text: i for i, text in enumerate(genotypes)},
            np.array(cost)[number_C],
            link_candidate_N[order_N],
            np.repeat(np.arange(len(designs)), counts)[order_N],
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
