"""The table of results: benchmarks/results/reliability.md, written anew after every trial."""

import fcntl
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from tests.chaos.deployment import LEASE_SECONDS
from tests.chaos.reconciliation import Balance
from tests.chaos.trial import AWAY_SECONDS, LIVE_JOBS, Outcome

HEAD = """# What the service comes through

{days}, `make chaos`, {cores} cores at a load of {load:.0f} (median; {least:.0f} to {most:.0f}).
Each fault meets a running service with at least {live} jobs that have not ended (ingests,
trainings, searches, scoring jobs), while uploads and scores go on. Leases of {lease:g} s (60 by
default); the broker stays away for {away:g} s. Afterwards the client's own ledger is compared with
every row and every blob. The kinds of database are tried at the same time, each with a service of
its own; a round of all faults takes {round}.

Blobs left: files without a row that killed processes left, and that were collected afterwards.
Lost: accepted and not finished, or finished without its result. Doubled: made twice, or made and
never asked for. Time to recover: from the fault (of a server that was away: from its return) until
what was lost is at work again, or the service answers as before (median / max).

| fault | database | times | accepted | finished | lost | doubled | blobs left | recovered, s |
|:--|:--|--:|--:|--:|--:|--:|--:|--:|
"""

Groups = dict[tuple[str, str], list[Outcome]]


class Record:
    """Outcomes of several processes and runs, a line each, in the order in which they came.

    Args:
        page: where the table goes; the lines stand beside it, as `.jsonl`.
    """

    def __init__(self, page: Path) -> None:
        self._path, self._page = page.with_suffix(".jsonl"), page

    def add(self, outcome: Outcome) -> None:
        """Write an outcome down, and the page of all that there are; processes take turns."""
        with self._path.open("a+") as lines:
            fcntl.flock(lines, fcntl.LOCK_EX)
            lines.write(json.dumps(asdict(outcome)) + "\n")
            lines.flush()
            lines.seek(0)
            write_page(self._page, [_outcome(line) for line in lines])


def _outcome(line: str) -> Outcome:
    fields = json.loads(line)
    return Outcome(**{**fields, "balance": Balance(**fields["balance"])})


def write_page(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write one row a fault and database, and whatever went wrong below."""
    groups: Groups = {}
    for outcome in outcomes:
        groups.setdefault((outcome.fault, outcome.database), []).append(outcome)
    loads, days = [outcome.load for outcome in outcomes], [outcome.day for outcome in outcomes]
    head = HEAD.format(
        days=" to ".join(dict.fromkeys((min(days), max(days)))),
        cores=os.cpu_count(),
        load=median(loads),
        least=min(loads),
        most=max(loads),
        live=LIVE_JOBS,
        lease=LEASE_SECONDS,
        away=AWAY_SECONDS,
        round=_round(groups),
    )
    rows = [_row(*name, groups[name]) for name in sorted(groups)]
    wrong = [f"* {o.fault}, {o.database}: {o.problem}\n" for o in outcomes if o.problem]
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    fresh.write_text(head + "".join(rows) + "".join(["\n## Failed\n\n", *wrong] if wrong else []))
    fresh.replace(path)


def _round(groups: Groups) -> str:
    """How long all faults take, one after the other: the median of each."""
    sums: dict[str, float] = {}
    for (_, database), outcomes in groups.items():
        seconds = median(outcome.seconds for outcome in outcomes)
        sums[database] = sums.get(database, 0.0) + seconds
    return " and ".join(f"{sums[name]:.0f} s on {name}" for name in sorted(sums))


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
