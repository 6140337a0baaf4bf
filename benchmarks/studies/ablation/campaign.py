"""All trials in turn, kept as they end, within a budget."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.studies.ablation.trials import Trial, run_trial

Outcomes = dict[str, dict[str, float]]


def kept(path: Path) -> Outcomes:
    """What earlier runs left, by the trials' keys; a torn line does not count."""
    found: Outcomes = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        found[entry["key"]] = entry["found"]
    return found


def run_all(
    trials: Sequence[Trial],
    path: Path,
    *,
    data: Path | None,
    budget: float | None,
    tell: Callable[[str], None],
) -> bool:
    """Run what has not been run; False when the budget ended first.

    Args:
        trials: all of them, in their order.
        path: lines of finished trials; each is added as it ends.
        data: folder of the data files.
        budget: seconds; None is no end.
        tell: told how far it is and how long it will take.
    """
    known = kept(path)
    missing = [trial for trial in trials if trial.key not in known]
    tell(f"{len(trials)} trainings, {len(missing)} to do")
    path.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with TemporaryDirectory(prefix="ablation-") as folder:
        for done, trial in enumerate(missing, start=1):
            spent = time.monotonic() - begin
            if budget is not None and spent >= budget:
                return False
            found = run_trial(trial, folder, data)
            with path.open("a") as file:
                entry = {"key": trial.key, "arm": trial.arm.name, "found": found}
                file.write(json.dumps(entry) + "\n")
            spent = time.monotonic() - begin
            left = spent / done * (len(missing) - done)
            tell(f"{done}/{len(missing)} {trial.data} {trial.arm.name}: about {left:.0f} s left")
    return True
