"""All trials, on as many processes as are given, with progress; done ones may be kept in a file."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from benchmarks.studies.loss_conflict.trials import Outcome, Trial, run_trial

Outcomes = dict[Trial, Outcome]


def _kept(path: Path | None) -> dict[str, Outcome]:
    """What an earlier run has left; a line that it was stopped in does not count."""
    found: dict[str, Outcome] = {}
    lines = path.read_text().splitlines() if path and path.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        looks = {int(epoch): values for epoch, values in entry["looks"].items()}
        found[entry["key"]] = Outcome(looks, entry["final"])
    return found


@contextmanager
def _appending(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    with path.open("a") as file:
        yield file


def _say(words: str) -> None:
    print(words, flush=True)


def run_all(
    trials: Sequence[Trial],
    *,
    processes: int,
    kept: Path | None = None,
    tell: Callable[[str], None] = _say,
) -> Outcomes:
    """Run what has not been run.

    Args:
        trials: all of them.
        processes: 1 runs them here.
        kept: trials are kept here as they end, and taken from here.
        tell: told how far it is and how long it will take.
    """
    known = _kept(kept)
    outcomes = {trial: known[trial.key] for trial in trials if trial.key in known}
    missing = [trial for trial in trials if trial not in outcomes]
    tell(f"{len(trials)} trainings, {len(missing)} to do, {processes} at a time")
    begin = time.monotonic()
    with TemporaryDirectory(prefix="loss-conflict-") as folder, _appending(kept) as file:
        for done, (trial, outcome) in enumerate(_ended(missing, processes, folder), start=1):
            outcomes[trial] = outcome
            if file is not None:
                entry = {"key": trial.key, "looks": outcome.looks, "final": outcome.final}
                file.write(json.dumps(entry) + "\n")
                file.flush()
            spent = time.monotonic() - begin
            left = spent / done * (len(missing) - done)
            if done % max(1, len(missing) // 20) == 0 or done == len(missing):
                tell(f"{done}/{len(missing)}  {spent:.0f} s, about {left:.0f} s left  {trial.arm}")
    return {trial: outcomes[trial] for trial in trials}


def _ended(trials: Sequence[Trial], processes: int, folder: str) -> Iterator[tuple[Trial, Outcome]]:
    """Trials as they end. Torch does not survive a fork: processes are spawned."""
    if processes == 1:
        for trial in trials:
            yield trial, run_trial(trial, folder)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            running = {pool.submit(run_trial, trial, folder): trial for trial in trials}
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)  # else a stop would wait for all of them
