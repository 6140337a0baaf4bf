"""Close matches of a name that does not exist."""

from collections.abc import Collection

from rapidfuzz import process
from rapidfuzz.distance import OSA

MATCH_COUNT = 3
_MIN_SCORE = 60.0
_RANKED_AGAIN = 20


def close_matches(name: str, known: Collection[str]) -> list[str]:
    """Up to three names that were probably meant, best first; the same in every process."""
    # Sorted, because equal scores keep the order given, and that of a set is a process's own.
    found = process.extract(name, sorted(known), limit=_RANKED_AGAIN, score_cutoff=_MIN_SCORE)
    # The score takes two swapped characters for two errors; between equals, they are one.
    found.sort(key=lambda match: (-match[1], OSA.distance(name, match[0]), match[0]))
    return [match[0] for match in found[:MATCH_COUNT]]
