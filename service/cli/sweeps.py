"""Sweeps as lines for a terminal."""

from collections.abc import Iterator
from pathlib import Path

from service.client.cellgebra import Cellgebra
from service.contract.errors import InvalidArgumentError
from service.contract.resources import Sweep, SweepTrial
from service.contract.sweeps import SweepSpec


def read_spec(path: Path) -> SweepSpec:
    """The spec in a JSON file.

    Raises:
        InvalidArgumentError: there is none, or it is no spec; the message says where.
    """
    try:
        return SweepSpec.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InvalidArgumentError(f"{path}: {error}") from None


def run_sweep(url: str, path: Path) -> Iterator[str]:
    """Queue a sweep and wait for its end: its id, then the table of its trials.

    Raises:
        CellgebraError: the spec is none, the service does not answer, or the sweep has FAILED.
    """
    spec = read_spec(path)
    with Cellgebra(url) as client:
        run = client.sweep(spec)
        yield f"{run.id} is {run.state}"
        run.wait()
        yield from details(run.sweep)


def list_sweeps(url: str, sweep_id: str | None) -> Iterator[str]:
    """Every sweep in a line, or one with its trials.

    Raises:
        CellgebraError: there is no such sweep, or the service does not answer.
    """
    with Cellgebra(url) as client:
        if sweep_id is not None:
            yield from details(client.sweep_run(sweep_id).sweep)
            return
        yield from (summary(run.sweep) for run in client.sweeps())


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
