"""A model and a ranking as the arrays that a branch and bound reads, in float64.

Channels C are (member, label) of the labels that are read, in this order. A *form* is
sum_y mean_y(f) mean - penalty_y(f) sd, which has to be at least `least`: form 0 is the value, the
others are the limits of feasibility.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.search.objective import Ranking
from worker.search.tables import Floats, ScreenTables, Singles

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Relative, of what is added up: float64 has 1e-16, and values are compared in twelve digits.
_ROUNDING = 1e-11
_LIMIT_ROUNDING = 1e-9
_SINGLE_ROUNDING = 2.0**-23  # tables of pairs are in float32


class BranchArrays(NamedTuple):
    """See the module's text; parts that a model has not are arrays without elements.

    `clique_E` numbers groups of edits of which no two stand in one design; an edit is in one.
    `slack_C` is by how much rounding may have moved a channel's output.
    """

    layers: int
    is_gelu: bool
    outside_C: Floats
    single_CE: Floats
    pair_CEE: Singles
    base_MH: Floats
    edit_MEH: Floats
    second_base_MG: Floats
    second_weight_MGH: Floats
    output_CH: Floats
    inner_C: Floats
    inner_CE: Floats
    size_M: Floats
    size_ME: Floats
    exponent_C: Floats
    step_CK: Floats
    spread_C: Floats
    center_C: Floats
    is_log_C: Flags
    mean_FY: Floats
    penalty_FY: Floats
    least_F: Floats
    clique_E: Codes
    allowed_EE: Flags
    slack_C: Floats


def branch_arrays(tables: ScreenTables, ranking: Ranking, allowed_EE: Flags) -> BranchArrays:
    """Of tables of an order without bounds."""
    labels = ranking.labels
    members = tables.member_count
    channels = [(m, y) for m in range(members) for y in labels]
    mean_FY, penalty_FY, least_F = _forms(ranking, labels)
    parts: dict[str, Any] = {
        "outside_C": tables.outside_MY[:, labels].ravel(),
        "single_CE": _flat(tables.single_MYE[:, labels]),
        "pair_CEE": _pairs(tables, channels),
        **_unit_parts(tables, labels),
        **_size_parts(tables, labels),
    }
    return BranchArrays(
        **parts,
        spread_C=np.tile([tables.labels[y].spread for y in labels], members),
        center_C=np.tile([tables.labels[y].center for y in labels], members),
        is_log_C=np.tile([tables.labels[y].is_log for y in labels], members),
        mean_FY=mean_FY,
        penalty_FY=penalty_FY,
        least_F=least_F,
        clique_E=cliques(allowed_EE),
        allowed_EE=allowed_EE,
        slack_C=_slack(parts, tables.order),
    )


def cliques(allowed_EE: Flags) -> Codes:
    """Numbers [E] of groups in which no two edits stand together, greedily made, in order."""
    clique_E = np.full(len(allowed_EE), -1, dtype=np.int64)
    count = 0
    for edit in range(len(allowed_EE)):
        if clique_E[edit] >= 0:
            continue
        clique_E[edit] = count
        candidates = np.flatnonzero(~allowed_EE[edit] & (clique_E < 0)).tolist()
        group = [edit]
        for other in candidates:
            if not allowed_EE[other, group].any():
                clique_E[other] = count
                group.append(other)
        count += 1
    return clique_E


def _forms(ranking: Ranking, labels: Sequence[int]) -> tuple[Floats, Floats, Floats]:
    place = {label: i for i, label in enumerate(labels)}
    rows: list[tuple[dict[int, float], dict[int, float], float]] = [
        (
            {place[g.label]: g.weight * g.sign for g in ranking.goals},
            {place[g.label]: g.weight * ranking.caution for g in ranking.goals},
            -np.inf,
        )
    ]
    for limit in ranking.limits:
        y = place[limit.label]
        for sign, least in ((1.0, limit.at_least), (-1.0, -limit.at_most)):
            if least > -np.inf:
                rows.append(({y: sign}, {y: limit.quantile}, least))
    mean_FY, penalty_FY = np.zeros((2, len(rows), len(labels)))
    for f, (means, penalties, _) in enumerate(rows):
        mean_FY[f, list(means)] = list(means.values())
        penalty_FY[f, list(penalties)] = list(penalties.values())
    least_F = np.array([least for _, _, least in rows])
    least_F[1:] -= _LIMIT_ROUNDING * (1.0 + np.abs(least_F[1:]))
    return mean_FY, penalty_FY, least_F


def _flat(array_MYE: Floats) -> Floats:
    return np.ascontiguousarray(array_MYE.reshape(-1, array_MYE.shape[-1]))


def _pairs(tables: ScreenTables, channels: Sequence[tuple[int, int]]) -> Singles:
    if not any(channel in tables.pair for channel in channels):
        return np.zeros((0, 0, 0), dtype=np.float32)
    none = np.zeros((tables.edit_count, tables.edit_count), dtype=np.float32)
    return np.stack([tables.pair.get(channel, none) for channel in channels])


def _unit_parts(tables: ScreenTables, labels: Sequence[int]) -> dict[str, object]:
    units = tables.units
    if units is None:
        return {
            "layers": 0,
            "is_gelu": False,
            "base_MH": np.zeros((tables.member_count, 0)),
            "edit_MEH": np.zeros((tables.member_count, tables.edit_count, 0)),
            "second_base_MG": np.zeros((0, 0)),
            "second_weight_MGH": np.zeros((0, 0, 0)),
            "output_CH": np.zeros((tables.member_count * len(labels), 0)),
        }
    base, weight = units.second_base_MG, units.second_weight_MGH
    return {
        "layers": 1 if weight is None else 2,
        "is_gelu": units.is_gelu,
        "base_MH": np.ascontiguousarray(units.base_MH, dtype=np.float64),
        "edit_MEH": np.ascontiguousarray(units.edit_MEH, dtype=np.float64),
        "second_base_MG": np.zeros((0, 0)) if base is None else base.astype(np.float64),
        "second_weight_MGH": np.zeros((0, 0, 0)) if weight is None else weight.astype(np.float64),
        "output_CH": _flat(units.output_MYH[:, labels].astype(np.float64)),
    }


def _size_parts(tables: ScreenTables, labels: Sequence[int]) -> dict[str, Floats]:
    sizes = tables.sizes
    if sizes is None:
        flat, square = np.zeros(0), np.zeros((0, 0))
        return {
            **dict.fromkeys(("inner_C", "size_M", "exponent_C"), flat),
            **dict.fromkeys(("inner_CE", "size_ME", "step_CK"), square),
        }
    return {
        "inner_C": sizes.inner_MY[:, labels].ravel(),
        "inner_CE": _flat(sizes.inner_MYE[:, labels]),
        "size_M": np.ascontiguousarray(sizes.size_M),
        "size_ME": np.ascontiguousarray(sizes.size_ME),
        "exponent_C": sizes.exponent_MY[:, labels].ravel(),
        "step_CK": _flat(sizes.step_MYK[:, labels]),
    }


def _slack(parts: dict[str, object], order: int) -> Floats:
    """What rounding may have moved an output by: a share of the largest that is added up [C]."""
    part = {name: value for name, value in parts.items() if isinstance(value, np.ndarray)}

    def largest(name: str, axes: tuple[int, ...]) -> Floats:
        array = np.abs(part[name])
        found: Floats = array.max(axis=axes, initial=0.0)
        return found

    size_C = np.abs(part["outside_C"]) + order * largest("single_CE", (1,))
    if len(part["inner_C"]):
        size_C = size_C + np.abs(part["inner_C"]) + order * largest("inner_CE", (1,))
        size_C += np.abs(part["step_CK"]).sum(axis=1)
    unit_M = 1.0 + largest("base_MH", (1,)) + order * largest("edit_MEH", (1, 2))
    for _ in range(int(len(part["second_base_MG"]) > 0)):
        sums_M = np.abs(part["second_weight_MGH"]).sum(axis=2).max(axis=1)
        unit_M = unit_M * sums_M + largest("second_base_MG", (1,))
    labels = len(size_C) // len(unit_M)
    size_C = size_C + np.abs(part["output_CH"]).sum(axis=1) * np.repeat(unit_M, labels)
    slack_C: Floats = _ROUNDING * size_C
    if len(part["pair_CEE"]):
        pairs = 0.5 * order * (order + 1)
        slack_C += _SINGLE_ROUNDING * pairs * largest("pair_CEE", (1, 2))
    return slack_C
