"""Close matches of a name that does not exist."""

from collections.abc import Collection

from rapidfuzz import process

MATCH_COUNT = 3
_MIN_SCORE = 60.0


def close_matches(name: str, known: Collection[str]) -> list[str]:
    """Up to three names that were probably meant, best first."""
    # A list, because extract() compares with the values of a mapping.
    found = process.extract(name, list(known), limit=MATCH_COUNT, score_cutoff=_MIN_SCORE)
    return [match[0] for match in found]
