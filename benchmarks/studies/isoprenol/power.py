"""How many designs it takes to tell two models apart, from the predictions of both on a test part.

Gene sets are drawn as in the table's intervals, but more of them or fewer: an interval of m sets is
that of m such designs, if further designs are like these.
"""

import numpy as np

from benchmarks.accuracy_rows.measures import Floats, HeldOut, weighted_metric

RESAMPLES = 1000
COUNTS = (57, 80, 114, 160, 228, 320, 456)


def spread(
    value_K: Floats, null_K: Floats, tested: HeldOut, count: int, seed: int = 0
) -> tuple[float, float, float]:
    """Difference in Spearman, and its 95 % interval with so many gene sets."""
    kept, place_K = np.unique(tested.cluster_K, return_inverse=True)
    even = np.full(len(kept), 1.0 / len(kept))
    drawn_RC = np.random.default_rng(seed).multinomial(count, even, size=RESAMPLES)
    weight_RK = np.vstack([np.ones(len(place_K)), drawn_RC[:, place_K.reshape(-1)]])
    own_R, other_R = (
        weighted_metric("spearman", x, tested.truth_K, weight_RK) for x in (value_K, null_K)
    )
    low, high = np.quantile((own_R - other_R)[1:], [0.025, 0.975])
    return float(own_R[0] - other_R[0]), float(low), float(high)


def needed(count: int, difference: float, below: float, *, power: bool = False) -> int:
    """Designs at which the interval's lower end is at 0, were the true difference this one.

    Widths fall with the root of the count. `below` is how far the lower end lies below the
    difference; with `power` an interval above 0 is found four times of five.
    """
    factor = (1.96 + 0.84) / 1.96 if power else 1.0
    return int(np.ceil(count * (factor * below / difference) ** 2))
