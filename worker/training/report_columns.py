"""One value a test design: what plots are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import HeldOutColumns
from worker.training.held_out import HeldOut
from worker.training.seeds import derived_seed

Codes = NDArray[np.int64]

MOST_DESIGNS = 20_000


def _places(count: int, seed: int) -> tuple[Codes, str | None]:
    if count <= MOST_DESIGNS:
        return np.arange(count), None
    rng = np.random.default_rng(derived_seed(seed, "columns"))
    drawn = np.sort(rng.choice(count, MOST_DESIGNS, replace=False))
    return drawn, f"{MOST_DESIGNS} of {count} test designs, drawn at random"


def columns_of(
    held: HeldOut, seed: int, best_null: str | None, groups: Sequence[str | None]
) -> HeldOutColumns:
    """The columns of one label; `groups` is the value of each design, or empty."""
    places, draw = _places(len(held), seed)
    intact_MN = held.readings.intact_MBY
    spread = intact_MN.std(axis=0, ddof=1) if len(intact_MN) > 1 else np.zeros(len(held))
    values: Mapping[str, Any] = {
        "order": held.orders,
        "measured": held.truth_N,
        "prediction": intact_MN.mean(axis=0),
        "y_compose": held.readings.compose_MBY.mean(axis=0),
        "expected_neutral": held.neutral.expected_B,
        "sd": spread,
    }
    if best_null is not None:
        values = {**values, "best_null": held.nulls[best_null]}
    columns: dict[str, Any] = {k: tuple(v[places].tolist()) for k, v in values.items()}
    return HeldOutColumns(
        draw=draw,
        genotype=tuple(held.designs[place].genotype for place in places),
        group=tuple(groups[place] for place in places) if groups else (),
        **columns,
    )
