"""Linear combinations of designs: of the shifts of their states, and of their edits.

A combination has a coefficient for each design, and the state z_W + sum_i c_i z_P(design_i). It is
that of a design where its edits, added up with the same coefficients, are a set of edits: each
there once, and no two that exclude each other.

Laws: the order of designs in a composition changes nothing, nor does composing some of them first;
subtracting what was composed undoes it; an analogy with b = c is a, one with a = b is c; an
interpolation starts at its first design and ends at its second; what is composed of nothing is z_W.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design, Edit
from service.contract.errors import InvalidDesignError, Offender

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
_NAMED_EDITS = 5
_TINY = 1e-12

SUBTRACT_2 = np.array([1.0, -1.0])
ANALOGY_3 = np.array([1.0, -1.0, 1.0])


class NoDesign(NamedTuple):
    """A combination that is not the state of any set of edits, and why."""

    reason: str


def interpolation(steps: int) -> Floats:
    """Coefficients [steps, 2] of equal steps from the first design to the second, ends included."""
    place_S = np.linspace(0.0, 1.0, steps)
    return np.stack([1.0 - place_S, place_S], axis=1)


def combine(z_P_MBD: Floats, coefficient_SB: Floats) -> Floats:
    """Shifts of combinations [M, S, D] from those of their designs, member by member."""
    combined_MSD: Floats = coefficient_SB @ z_P_MBD
    return combined_MSD


def composition_residuals(z_W_MD: Floats, z_P_MBD: Floats, z_I_MBD: Floats) -> Floats:
    """|z_I - z_W - z_P| / |z_P| of every member and design [M, B]; a z_P of 0 counts as 1e-12."""
    residual_MBD = z_I_MBD - z_W_MD[:, None, :] - z_P_MBD
    size_MB = np.maximum(np.linalg.norm(z_P_MBD, axis=2), _TINY)
    relative_MB: Floats = np.linalg.norm(residual_MBD, axis=2) / size_MB
    return relative_MB


def combined_design(designs: Sequence[Design], coefficient_B: Floats) -> Design | NoDesign:
    """The design whose state a combination is.

    An edit is one with its level: half of a deletion is no deletion at another level.
    """
    total: dict[Edit, float] = defaultdict(float)
    for design, coefficient in zip(designs, coefficient_B.tolist(), strict=True):
        for edit in design.edits:
            total[edit] += coefficient
    whole = {edit: round(times) for edit, times in total.items() if _is_whole(times)}
    problems = [
        _problem("taken away, and not there", [e for e, n in total.items() if n < -_ROUNDING]),
        _problem("there in part", [e for e in total if e not in whole and total[e] > 0]),
        _problem("there more than once", [e for e, n in whole.items() if n > 1]),
    ]
    found = "; ".join(filter(None, problems))
    if found:
        return NoDesign(found)
    try:
        return Design.of(edit for edit, times in whole.items() if times == 1)
    except InvalidDesignError as error:
        return NoDesign(error.detail)


def _is_whole(times: float) -> bool:
    return abs(times - round(times)) < _ROUNDING


def _problem(what: str, edits: Sequence[Edit]) -> str:
    if not edits:
        return ""
    names = sorted(map(str, edits))
    more = f" and {len(names) - _NAMED_EDITS} more" if len(names) > _NAMED_EDITS else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(names[:_NAMED_EDITS])}{more} {verb} {what}"


def clashes(designs: Sequence[Design]) -> list[Offender]:
    """Edits that cannot be in one strain with one of an earlier design; each named once."""
    of_locus: dict[str, list[tuple[int, Edit]]] = defaultdict(list)
    found = []
    for place, design in enumerate(designs):
        for edit in design.edits:
            for other_place, other in of_locus[edit.locus]:
                message = _clash(other_place, other, place, edit)
                if message is not None:
                    field = f"designs[{place}]"
                    found.append(Offender(field=field, value=str(edit), message=message))
                    break
        for edit in design.edits:
            of_locus[edit.locus].append((place, edit))
    return found


def _clash(other_place: int, other: Edit, place: int, edit: Edit) -> str | None:
    if edit == other:
        both = f"designs[{other_place}] and designs[{place}]"
        return f"{both} hold {edit}, which a strain has once: leave it out of one of them"
    try:
        Design.of([other, edit])
    except InvalidDesignError as error:
        return f"{error.detail} (the other is in designs[{other_place}])"
    return None
