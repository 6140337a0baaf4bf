"""The table of results: benchmarks/results/reliability.md."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from tests.chaos.deployment import LEASE_SECONDS
from tests.chaos.trial import LIVE_JOBS, Outcome

HEAD = """# What the service comes through

{day}, `make chaos`, {cores} cores at a load of {load:.0f}. Each fault meets a running service with
at least {live} jobs that have not ended (ingests, trainings, searches, scoring jobs), while uploads
and scores go on. Leases of {lease:g} s (60 by default). Afterwards the client's own ledger is
compared with every row and every blob.

Blobs left: files without a row that killed processes left, and that were collected afterwards.
Lost: accepted and not finished, or finished without its result. Doubled: made twice, or made and
never asked for. Time to recover: from the fault (of a server that was away: from its return) until
what was lost is at work again, or the service answers as before (median / max).

| fault | database | times | accepted | finished | lost | doubled | blobs left | recovered, s |
|:--|:--|--:|--:|--:|--:|--:|--:|--:|
"""


def write_page(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write one row a fault and database."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault((outcome.fault, outcome.database), []).append(outcome)
    head = HEAD.format(
        day=datetime.now(UTC).date(),
        cores=os.cpu_count(),
        load=os.getloadavg()[2],
        live=LIVE_JOBS,
        lease=LEASE_SECONDS,
    )
    path.write_text(head + "".join(_row(*name, group) for name, group in groups.items()))


def _row(fault: str, database: str, outcomes: Sequence[Outcome]) -> str:
    balances = [outcome.balance for outcome in outcomes]
    seconds = [o.recovery_seconds for o in outcomes if o.recovery_seconds is not None]
    numbers = [
        len(outcomes),
        sum(balance.accepted for balance in balances),
        sum(balance.finished for balance in balances),
        sum(len(balance.lost) for balance in balances),
        sum(len(balance.doubled) for balance in balances),
        sum(outcome.left_blobs for outcome in outcomes),
    ]
    recovered = f"{median(seconds):.1f} / {max(seconds):.1f}" if seconds else "-"
    cells = [fault, database, *(f"{number:,}" for number in numbers), recovered]
    return f"| {' | '.join(cells)} |\n"
