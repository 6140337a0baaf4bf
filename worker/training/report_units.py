"""Values in words with the unit of their label; what has no dimension stands alone."""

_NONE = frozenset({"1", "-", "none", "no unit", "unitless", "dimensionless"})
_ADJECTIVES = frozenset({"relative", "normalized", "normalised", "arbitrary"})


def has_dimension(unit: str) -> bool:
    """Whether there is anything to write behind a number."""
    return unit.strip().lower() not in _NONE


def quantity(number: str, unit: str) -> str:
    """A number with its unit: "624 mg/L", "0.0453" of a unit of 1, "1 (relative)"."""
    if not has_dimension(unit):
        return number
    return f"{number} ({unit})" if unit.strip().lower() in _ADJECTIVES else f"{number} {unit}"


def titled(text: str, unit: str) -> str:
    """What an axis or a column shows: "measured (mg/L)", "measured" of a unit of 1."""
    return f"{text} ({unit})" if has_dimension(unit) else text


def original_scale(unit: str) -> str:
    """The scale on which a label was uploaded."""
    return f"original unit ({unit})" if has_dimension(unit) else "original scale (no unit)"
