"""How the learning rate goes up and down."""

import math

_WARM_UP_SHARE = 0.05


def schedule(step: int, steps: int) -> float:
    """Share of the learning rate: linear warm-up over 5 % of the steps, then a cosine to 0."""
    warm = max(1, math.ceil(_WARM_UP_SHARE * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
