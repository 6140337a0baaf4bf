"""Mixed differences: what a function of designs holds beyond its lower orders.

epsilon_ab = h(ab) - h(a) - h(b) + h(0);
tau_abc = h(abc) - h(ab) - h(ac) - h(bc) + h(a) + h(b) + h(c) - h(0).
"""

from itertools import combinations
from math import comb

import torch
from torch import Tensor


def coefficient(order: int, measure_order: int, size: int) -> int:
    """Factor of h(S) for the subsets S of `size` edits in a difference over a design.

    The difference is h(design) less everything that mixed differences of fewer than
    `measure_order` edits explain; for a design of exactly `measure_order` edits it is the plain
    mixed difference (epsilon for 2, tau for 3). `size` < `measure_order`; the design itself has
    the factor 1.
    """
    return -sum(
        comb(order - size, middle - size) * (1 if (middle - size) % 2 == 0 else -1)
        for middle in range(size, measure_order)
    )


def lower_subsets(width: int, measure_order: int) -> Tensor:
    """Masks [S, P] of all subsets of `width` positions with fewer than `measure_order` edits."""
    rows = [
        [position in chosen for position in range(width)]
        for size in range(min(measure_order, width + 1))
        for chosen in combinations(range(width), size)
    ]
    return torch.tensor(rows, dtype=torch.bool).reshape(len(rows), width)


def subset_factors(edited_BP: Tensor, subset_SP: Tensor, measure_order: int) -> Tensor:
    """Factor [S, B] of h(subset) in each design's difference; 0 where the subset is padding.

    Designs with fewer than `measure_order` edits have no such difference: the caller sets it
    to 0, and so are their factors.
    """
    width = edited_BP.shape[1]
    table = torch.zeros(width + 1, measure_order)
    for order in range(measure_order, width + 1):
        for size in range(measure_order):
            table[order, size] = coefficient(order, measure_order, size)
    order_B = edited_BP.sum(dim=1)
    size_S = subset_SP.sum(dim=1)
    inside_SB = ~(subset_SP[:, None, :] & ~edited_BP[None]).any(dim=-1)
    factor_SB = table.to(edited_BP.device)[order_B[None, :], size_S[:, None]]
    return factor_SB * inside_SB
