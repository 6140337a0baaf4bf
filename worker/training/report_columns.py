"""One value a test design: what plots are made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.inference import DEFAULT_LEVEL
from service.contract.report_parts import HeldOutColumns
from worker.training.held_out import HeldOut
from worker.training.seeds import derived_seed

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_DESIGNS = 20_000


def _places(count: int, seed: int) -> tuple[Codes, str | None]:
    if count <= MOST_DESIGNS:
        return np.arange(count), None
    rng = np.random.default_rng(derived_seed(seed, "columns"))
    drawn = np.sort(rng.choice(count, MOST_DESIGNS, replace=False))
    return drawn, f"{MOST_DESIGNS} of {count} test designs, drawn at random"


def _groups(held: HeldOut) -> list[str | None]:
    """The first value of the column under which each design was measured."""
    names: list[str | None] = [None] * len(held)
    for group in reversed(held.groups):
        for place in group.place_n.tolist():
            names[place] = group.value
    return names


def columns_of(
    held: HeldOut, seed: int, best_null: str | None, ends: tuple[Floats, Floats] | None
) -> HeldOutColumns | None:
    """The columns of one label; `ends` are those of the intervals of the default level."""
    if not len(held):
        return None
    places, draw = _places(len(held), seed)
    intact_MN = held.readings.intact_MBY
    spread = intact_MN.std(axis=0, ddof=1) if len(intact_MN) > 1 else np.zeros(len(held))
    values: Mapping[str, Any] = {
        "order": held.orders(),
        "measured": held.truth_N,
        "prediction": intact_MN.mean(axis=0),
        "y_compose": held.readings.compose_MBY.mean(axis=0),
        "expected_neutral": held.neutral.expected_B,
        "sd": spread,
    }
    if best_null is not None:
        values = {**values, "best_null": held.nulls[best_null]}
    if ends is not None:
        values = {**values, "low": ends[0], "high": ends[1]}
    groups = _groups(held)
    columns: dict[str, Any] = {k: tuple(v[places].tolist()) for k, v in values.items()}
    return HeldOutColumns(
        draw=draw,
        genotype=tuple(held.designs[place].genotype for place in places),
        group=tuple(groups[place] for place in places) if held.groups else (),
        level=None if ends is None else DEFAULT_LEVEL,
        **columns,
    )
