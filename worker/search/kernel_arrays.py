"""Screen tables as the arrays of float32 that kernels read: padded, in blocks, units folded.

Names and shapes are those of `screen.h`, with channels in the order (member, label).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.search.kernel_errors import label_errors
from worker.search.kernel_goals import objective_arrays
from worker.search.kernel_objective import ScreenObjective
from worker.search.kernel_pruning import Pruning
from worker.search.tables import Floats, ScreenTables, Singles, Triples, UnitTables

Counts = NDArray[np.int64]
Flags = NDArray[np.uint8]

_Pad = Callable[[NDArray[Any]], NDArray[Any]]

CHUNK = 1 << 22  # designs that a processor goes through at a time
BLOCK = 96
_VECTOR = 16  # floats of the widest one
_FINITE = 1e37  # ranks that are no larger cannot be infinite on the way
_LONG_BLOCK = 960  # nothing has to stay in the cache where there are no units


@dataclass(frozen=True)
class Strata:
    """The stratum of a design is the sum of its edits' numbers, or the last where that is more.

    With 1 for the edits of a list and 0 for others it is how many edits are of the list.
    """

    of_edit_E: Counts
    count: int


@dataclass(frozen=True)
class Bins:
    """A histogram of ranks: `count` bins of a width from `start` on, one below and one above."""

    start: float
    width: float
    count: int


@dataclass(frozen=True)
class KernelArrays:
    """What a kernel reads; None is a part that the screen has not."""

    order: int
    edits: int
    padded: int
    lanes: int
    labels: int
    members: int
    layers: int
    units: int
    second_units: int
    is_gelu: bool
    is_folded: bool
    constant: Singles
    single: Singles
    leading: Singles
    pair: list[Singles | None]
    bound: list[Singles | None]
    triple_start: Counts | None
    triple_key: Counts | None
    triple_value: Singles | None
    inner_constant: Singles | None
    inner: Singles | None
    size_constant: Singles | None
    size: Singles | None
    exponent: Singles | None
    step: Singles | None
    steps: int
    unit_base: Singles | None
    unit_edit: Singles | None
    unit_block: Singles | None
    positive: Counts | None
    unit_count: Counts | None
    second_base: Singles | None
    second_weight: Singles | None
    output: Singles | None
    spread: Singles
    center: Singles
    is_log: Counts
    weight: Singles
    penalty: Singles
    limit_label: Counts
    limit_sign: Singles
    limit_factor: Singles
    limit_least: Singles
    sure_sign: Singles
    sure_least: Singles
    front_weight: Singles | None
    front_penalty: Singles | None
    front_slack: Singles | None
    allowed: Flags | None
    is_open: Flags | None
    stratum: Counts | None
    strata: int
    bins: Bins | None
    rank_error: float
    largest_rank: float
    pruning: Pruning | None = None

    @property
    def is_simple(self) -> bool:
        """Whether a rank is one member's reading of one label, with nothing else to see to."""
        parts = (self.inner, self.front_weight, self.bins, *self.pair, *self.bound)
        is_alone = self.members == self.labels == self.strata == 1
        is_plain = not len(self.limit_label) and self.largest_rank < _FINITE
        return is_alone and is_plain and all(part is None for part in parts)


def kernel_arrays(
    tables: ScreenTables,
    objective: ScreenObjective,
    *,
    allowed_EE: NDArray[np.bool_] | None = None,
    strata: Strata | None = None,
    bins: Bins | None = None,
) -> KernelArrays:
    """Pack tables for the kernels; those of hidden units as `whole_units` makes them."""
    tables = whole_units(tables)
    lanes = BLOCK if tables.units else min(_LONG_BLOCK, _round_up(tables.edit_count, BLOCK))
    pad = _padding(_round_up(tables.edit_count, lanes))
    channels = [(m, y) for m in range(tables.member_count) for y in range(len(tables.labels))]
    return KernelArrays(
        order=tables.order,
        edits=tables.edit_count,
        padded=_round_up(tables.edit_count, lanes),
        lanes=lanes,
        labels=len(tables.labels),
        members=tables.member_count,
        single=pad(_flat(tables.single_MYE)),
        pair=[pad(tables.pair[c]) if c in tables.pair else None for c in channels],
        bound=[
            pad(tables.bound[y]) if y in tables.bound else None for y in range(len(tables.labels))
        ],
        **_triple_arrays(tables),
        **_size_arrays(tables, pad),
        steps=_reached_steps(tables),
        **_unit_arrays(tables, lanes, pad),
        spread=_singles(np.array([label.spread for label in tables.labels])),
        center=_singles(np.array([label.center for label in tables.labels])),
        is_log=np.array([label.is_log for label in tables.labels], dtype=np.int64),
        **objective_arrays(objective, label_errors(tables)),
        allowed=None if allowed_EE is None else pad(allowed_EE.astype(np.uint8)),
        is_open=None if allowed_EE is None else _open_blocks(allowed_EE, lanes),
        stratum=None if strata is None else pad(strata.of_edit_E.astype(np.int64)),
        strata=1 if strata is None else strata.count,
        bins=bins,
    )


def whole_units(tables: ScreenTables) -> ScreenTables:
    """Units of one layer of GELU in whole vectors: the last ones, of weight 0, change nothing."""
    units = tables.units
    if units is None or not units.is_gelu or units.second_weight_MGH is not None:
        return tables
    room = (0, -units.base_MH.shape[1] % _VECTOR)
    whole = replace(
        units,
        base_MH=np.pad(units.base_MH, ((0, 0), room)),
        edit_MEH=np.pad(units.edit_MEH, ((0, 0), (0, 0), room)),
        output_MYH=np.pad(units.output_MYH, ((0, 0), (0, 0), room)),
    )
    return replace(tables, units=whole)


def _triple_arrays(tables: ScreenTables) -> dict[str, Any]:
    """Triples of all labels, one label after the other."""
    if not tables.triple:
        return dict.fromkeys(("triple_start", "triple_key", "triple_value"))
    none = Triples(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    parts = [tables.triple.get(y, none) for y in range(len(tables.labels))]
    return {
        "triple_start": np.cumsum([0, *(len(part.key_Q) for part in parts)]),
        "triple_key": np.concatenate([part.key_Q for part in parts]),
        "triple_value": np.concatenate([part.value_Q for part in parts]),
    }


def _round_up(count: int, step: int) -> int:
    return max(1, -(-count // step)) * step


def _singles(array: Floats) -> Singles:
    return np.ascontiguousarray(array, dtype=np.float32)


def _padding(width: int) -> _Pad:
    """Fills the last axis with zeros; floats become float32."""

    def pad(array: NDArray[Any]) -> NDArray[Any]:
        dtype = np.float32 if array.dtype.kind == "f" else array.dtype
        padded = np.zeros((*array.shape[:-1], width), dtype=dtype)
        padded[..., : array.shape[-1]] = array
        return padded

    return pad


def _open_blocks(allowed_EE: NDArray[np.bool_], lanes: int) -> Flags:
    """Whether each edit may stand with all of each block [E, blocks]."""
    starts = np.arange(0, allowed_EE.shape[1], lanes)
    whole = np.logical_and.reduceat(
        allowed_EE | np.eye(len(allowed_EE), dtype=bool), starts, axis=1
    )
    return np.ascontiguousarray(whole.astype(np.uint8))


def _size_arrays(tables: ScreenTables, pad: _Pad) -> dict[str, Any]:
    names = ("inner_constant", "inner", "size_constant", "size", "exponent", "step")
    if tables.sizes is None:
        return dict.fromkeys(names)
    sizes = tables.sizes
    arrays = (
        _singles(sizes.inner_MY.ravel()),
        pad(_flat(sizes.inner_MYE)),
        _singles(sizes.size_M),
        pad(sizes.size_ME),
        _singles(sizes.exponent_MY.ravel()),
        _singles(_flat(sizes.step_MYK)),
    )
    return dict(zip(names, arrays, strict=True))


def _reached_steps(tables: ScreenTables) -> int:
    """As many as the largest design has, with room for rounding."""
    if tables.sizes is None:
        return 0
    sizes = tables.sizes
    most = (sizes.size_M + tables.order * sizes.size_ME.max(axis=1, initial=0.0)).max()
    return int(np.clip(np.ceil(most * (1 + 1e-5) + 1e-5), 0, sizes.step_MYK.shape[2]))


def _unit_arrays(tables: ScreenTables, lanes: int, pad: _Pad) -> dict[str, Any]:
    """Hidden layers, and what is added to them: `constant` and `leading`."""
    units = tables.units
    constant_C, leading_CE = tables.outside_MY.ravel(), _flat(tables.single_MYE)
    names = ("unit_base", "unit_edit", "unit_block", "positive", "unit_count", "second_base")
    found: dict[str, Any] = dict.fromkeys((*names, "second_weight", "output"))
    found |= {"layers": 0, "units": 0, "second_units": 0, "is_gelu": False, "is_folded": False}
    if units is not None:
        has_second = units.second_weight_MGH is not None
        found |= {"layers": 1 + has_second, "units": units.base_MH.shape[1]}
        found |= {"is_gelu": units.is_gelu, "is_folded": not (has_second or units.is_gelu)}
        base_NH, edit_NEH = units.base_MH, units.edit_MEH
        if found["is_folded"]:
            base_NH, edit_NEH, sign_NH = _folded(units)
            constant_C = constant_C + (sign_NH * base_NH).sum(axis=1)
            leading_CE = leading_CE + np.einsum("nh,neh->ne", sign_NH, edit_NEH)
            found["positive"] = (sign_NH > 0).sum(axis=1)
            found["unit_count"] = (sign_NH != 0).sum(axis=1)
        else:
            found["output"] = _singles(units.output_MYH)
        if units.second_weight_MGH is not None and units.second_base_MG is not None:
            found["second_units"] = units.second_base_MG.shape[1]
            found["second_base"] = _singles(units.second_base_MG)
            found["second_weight"] = _singles(units.second_weight_MGH)
        by_edit = pad(edit_NEH.transpose(0, 2, 1))
        blocks = by_edit.reshape(*by_edit.shape[:2], -1, lanes).transpose(0, 2, 1, 3)
        sign = -1.0 if found["is_folded"] else 1.0
        found["unit_block"] = np.ascontiguousarray(blocks)
        found |= {"unit_base": _singles(sign * base_NH), "unit_edit": _singles(sign * edit_NEH)}
    return found | {"constant": _singles(constant_C), "leading": pad(leading_CE)}


def _flat(array_MYE: Floats) -> Floats:
    return array_MYE.reshape(-1, array_MYE.shape[-1])


def _folded(units: UnitTables) -> tuple[Floats, Floats, Floats]:
    """W relu(x) = sign(w) relu(|w| x): units of each channel, those with w > 0 first, 0 last.

    Returns base [C, H], edits [C, E, H] and the sign of each unit's weight [C, H].
    """
    bases, edits, signs = [], [], []
    for m, output_YH in enumerate(units.output_MYH):
        for w_H in output_YH:
            place_H = np.argsort(-np.sign(w_H) + 3 * (w_H == 0), kind="stable")
            size_H = np.abs(w_H)[place_H]
            bases.append(units.base_MH[m, place_H] * size_H)
            edits.append(units.edit_MEH[m][:, place_H] * size_H)
            signs.append(np.sign(w_H)[place_H])
    return np.stack(bases), np.stack(edits), np.stack(signs)
