"""How sure the members of an ensemble are of an interaction.

With y_m a member's prediction and n what independence would give:

    sign_agreement = share of members m with sign(y_m - n) = sign(mean of y - n),
    interaction_sd = standard deviation over the members of y_m - n_m.

n_m is n where it was measured, or is a rule: the same for all members. Where it was fitted it is
each member's own: what independence makes of that member's predictions of the reference and of
each edit alone, so that what members differ in alone is no interaction.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.manifests import ManifestLabel
from worker.inference.neutral import FITTED, Neutral, is_logarithmic
from worker.inference.vocabulary import Parts
from worker.models.encoding import EncodedDesigns

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Its square is still a number, and so are the spread of such values and what is left of them.
LARGEST = 1e150

_REFERENCE = 0
_TINY = 1e-300
_ROUNDING = 1e-12


def sign_agreement(member_MB: Floats, mean_B: Floats, neutral_B: Floats) -> Floats:
    """Share of the members on the same side of neutral as the mean [B], 0 to 1."""
    agree_MB = _side(member_MB, neutral_B) == _side(mean_B, neutral_B)
    share_B: Floats = agree_MB.mean(axis=0)
    return share_B


def _side(value: Floats, neutral_B: Floats) -> Floats:
    """1 above, -1 below, 0 where the difference is rounding."""
    difference = value - neutral_B
    side: Floats = np.sign(difference)
    side[np.abs(difference) <= _ROUNDING * np.abs(neutral_B)] = 0.0
    return side


def independent(label: ManifestLabel, base_M1: Floats, alone_MBP: Floats, used_BP: Flags) -> Floats:
    """What independence makes of predictions of the reference and of single edits [M, B].

    All are in the label's unit. Effects that add up on a logarithm multiply here, so that a
    prediction at or below 0 makes a product of 0.
    """
    if label.neutral_model == "min":
        least_MB: Floats = np.where(used_BP, alone_MBP, np.inf).min(axis=2)
        return np.where(used_BP.any(axis=1), least_MB, base_M1)
    base_M11 = base_M1[:, :, None]
    if is_logarithmic(label.neutral_model, label.scale, label.transform):
        with np.errstate(over="ignore"):  # levels far out of range: refused later
            ratio_MBP = np.maximum(alone_MBP, 0.0) / np.maximum(base_M11, _TINY)
            product_MB: Floats = base_M1 * np.where(used_BP, ratio_MBP, 1.0).prod(axis=2)
        return product_MB
    change_MBP = np.where(used_BP, alone_MBP - base_M11, 0.0)
    sum_MB: Floats = base_M1 + change_MBP.sum(axis=2)
    return sum_MB


class MemberSingles:
    """Members' predictions of the reference and of single edits, read once when they are needed.

    `read` gives the predictions [M, B] of designs, one array a label, in its unit.
    """

    def __init__(
        self,
        labels: Sequence[ManifestLabel],
        edit_count: int,
        read: Callable[[EncodedDesigns], list[Floats]],
    ) -> None:
        self._labels = labels
        self._read = read
        self._is_known = np.zeros(1 + edit_count, dtype=np.bool_)
        self._value_YMS: list[Floats] = []

    def own_neutral(self, parts: Parts, neutral: Sequence[Neutral]) -> list[Floats | None]:
        """What to set each member against [M, B], one array a label; None: `neutral`, for all.

        `neutral` is in the order of the request, which `parts` know. Where independence gives a
        member no finite number (one of ranks may read 0 at the reference), `neutral` holds for all.
        """
        fitted = [label.source_B == FITTED for label in neutral]
        if not np.any(fitted):
            return [None] * len(neutral)
        found = zip(*map(self.neutral, parts.designs), strict=True)
        return [
            own_or_all(fitted_B, np.concatenate(own, axis=1)[:, parts.order_B], label.expected_B)
            if fitted_B.any()
            else None
            for fitted_B, label, own in zip(fitted, neutral, found, strict=True)
        ]

    def neutral(self, designs: EncodedDesigns) -> list[Floats]:
        """What independence would give by each member alone [M, B], one array a label."""
        place_J, further = self._places(designs)
        read = self._read(further) if len(further) else [v[:, :0] for v in self._value_YMS]
        used_BP = designs.padded(np.ones(len(place_J), dtype=np.bool_), 0)
        place_BP = designs.padded(place_J, _REFERENCE)
        return [
            independent(
                label,
                value_MS[:, :1],
                np.concatenate([value_MS, more_MS], axis=1)[:, place_BP],
                used_BP,
            )
            for label, value_MS, more_MS in zip(self._labels, self._value_YMS, read, strict=True)
        ]

    def _places(self, designs: EncodedDesigns) -> tuple[Codes, EncodedDesigns]:
        """Where each edit alone stands behind the reference, and singles to put behind them all."""
        has_level_J = ~np.isnan(designs.level_J)
        place_J = designs.edit_J.astype(np.int64) + 1
        plain_J = place_J[~has_level_J]
        if not self._value_YMS or not self._is_known[plain_J].all():
            self._know(np.unique(plain_J))
        if not has_level_J.any():
            return place_J, _singles(np.zeros(0, np.int32), np.zeros(0))
        leveled = designs.edit_J[has_level_J] + 1j * designs.level_J[has_level_J]
        single_U, place_U = np.unique(leveled, return_inverse=True)
        place_J[has_level_J] = len(self._is_known) + place_U.reshape(-1)
        return place_J, _singles(single_U.real.astype(np.int32), single_U.imag.copy())

    def _know(self, wanted: Codes) -> None:
        missing = wanted[~self._is_known[wanted]]
        if not self._value_YMS:
            reference = EncodedDesigns(np.zeros(0, np.int32), np.zeros(0), np.zeros(2, np.int64))
            size = len(self._is_known)
            for value_M1 in self._read(reference):
                self._value_YMS.append(np.repeat(value_M1, size, axis=1))
        if len(missing):
            read = self._read(_singles(missing.astype(np.int32) - 1, np.full(len(missing), np.nan)))
            for value_MS, new_MS in zip(self._value_YMS, read, strict=True):
                value_MS[:, missing] = new_MS
            self._is_known[missing] = True


def _singles(edit_S: NDArray[np.int32], level_S: Floats) -> EncodedDesigns:
    return EncodedDesigns(edit_S, level_S, np.arange(len(edit_S) + 1))


def own_or_all(fitted_B: Flags, own_MB: Floats, expected_B: Floats) -> Floats:
    """Of each design either what every member expects by itself, or what they expect together."""
    is_own_B = fitted_B & (np.abs(own_MB) < LARGEST).all(axis=0)
    return np.where(is_own_B, own_MB, expected_B)
