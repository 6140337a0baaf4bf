"""Sweeps as lines for a terminal."""

from collections.abc import Iterator
from pathlib import Path

from service.cli.spec_files import read_spec
from service.client.cellgebra import Cellgebra
from service.contract.errors import CellgebraError
from service.contract.resources import Sweep, SweepTrial
from service.contract.sweeps import SweepSpec


def run_sweep(url: str, path: Path, *, as_json: bool) -> Iterator[str]:
    """Queue a sweep and wait for its end: its id, then the table of its trials, or one object.

    Raises:
        CellgebraError: the spec is none, the service does not answer, or the sweep has FAILED.
    """
    spec = read_spec(SweepSpec, path)
    with Cellgebra(url) as client:
        run = client.sweep(spec)
        if not as_json:
            yield f"{run.id} is {run.state}"
        try:
            run.wait()
        except CellgebraError:
            if as_json and run.sweep.error is not None:
                yield run.sweep.model_dump_json()
            raise
        yield from [run.sweep.model_dump_json()] if as_json else details(run.sweep)


def list_sweeps(url: str, sweep_id: str | None, *, as_json: bool) -> Iterator[str]:
    """Every sweep in a line, or one with its trials.

    Raises:
        CellgebraError: there is no such sweep, or the service does not answer.
    """
    with Cellgebra(url) as client:
        if sweep_id is not None:
            found = client.sweep_run(sweep_id).sweep
            yield from [found.model_dump_json()] if as_json else details(found)
            return
        for run in client.sweeps():
            yield run.sweep.model_dump_json() if as_json else summary(run.sweep)


def summary(sweep: Sweep) -> str:
    """A sweep in one line."""
    best = "" if sweep.best_objective is None else f", best {sweep.best_objective:.4f}"
    return f"{sweep.id}  {sweep.state}  {sweep.trial_count} trials{best}"


def details(sweep: Sweep) -> Iterator[str]:
    """A sweep with its trials."""
    yield summary(sweep)
    for trial in sweep.trials:
        mark = "*" if trial.number == sweep.best_trial_number else " "
        yield f" {mark} {_trial(trial)}"
    yield "objectives are of folds inside the training part; the test part is the report's"
    if sweep.model_id is not None:
        yield f"model {sweep.model_id}, trained by {sweep.winner_job_id}"


def _trial(trial: SweepTrial) -> str:
    score = "-" if trial.objective is None else f"{trial.objective:.4f}"
    values = "  ".join(f"{item.path}={item.value}" for item in trial.values)
    reason = f"  ({trial.reason})" if trial.reason else ""
    return f"{trial.number:>3}  {trial.state:<9}  {score:>8}  {values}{reason}"
