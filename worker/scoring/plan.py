"""How a scoring job is cut: shards that are kept one by one, blocks that are scored at once."""

import hashlib
import itertools
import time
from collections.abc import Callable
from typing import Any

from service.contract.scoring_jobs import ScoringSpec

# A footer, a row and a blob each; more rows than these hold make longer shards.
MAX_SHARDS = 256
# A cancel waits for the block at work.
_BLOCK_SECONDS = 0.5
_MOST_BLOCK_ROWS = 1 << 14
_PROBE_ROWS = 1 << 8


def shard_starts(row_count: int, shard_rows: int) -> list[int]:
    """Where shards begin, a multiple of `shard_rows` each, and the end."""
    units = -(-row_count // shard_rows)
    rows = shard_rows * -(-units // MAX_SHARDS)
    return [*range(0, row_count, rows), row_count]


def block_rows(score: Callable[[int], object]) -> int:
    """How many rows to score at once, a power of two; `score` scores so many, for the time."""
    score(_PROBE_ROWS)  # the first call pays for lazy initialisation
    begin = time.perf_counter()
    score(_PROBE_ROWS)
    seconds = (time.perf_counter() - begin) / _PROBE_ROWS
    rows = _PROBE_ROWS
    while rows < _MOST_BLOCK_ROWS and 2 * rows * seconds <= _BLOCK_SECONDS:
        rows *= 2
    return rows


def fingerprint(spec: ScoringSpec, weights_sha256: str, table_sha256: str | None) -> str:
    """Tells plans of different results apart."""
    told = [spec.model_dump_json(), weights_sha256, str(table_sha256)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def shard_specs(
    row_count: int, spec: ScoringSpec, *, plan: str, block: int
) -> list[dict[str, Any]]:
    """What tells the shards of a job from those of another plan."""
    starts = shard_starts(row_count, spec.shard_rows)
    return [
        {"plan": plan, "begin": begin, "end": end, "block_rows": block}
        for begin, end in itertools.pairwise(starts)
    ]
