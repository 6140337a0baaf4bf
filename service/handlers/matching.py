"""Close matches of a name that does not exist."""

from collections.abc import Collection

from rapidfuzz import process

MATCH_COUNT = 3
_MIN_SCORE = 60.0


def close_matches(name: str, known: Collection[str]) -> list[str]:
    """Up to three names that were probably meant, best first."""
    found = process.extract(name, known, limit=MATCH_COUNT, score_cutoff=_MIN_SCORE)
    return [match[0] for match in found]
