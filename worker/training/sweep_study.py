"""What a sweep tries next, and what it gives up: an Optuna study that is rebuilt from rows.

Law: a proposal is a function of the spec, the number of the trial, and what the trials before it
came to. Nothing is kept between two calls, so that a lost worker loses nothing.

Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization, NeurIPS 24 (the tree
Parzen estimator); Akiba et al. 2019, doi:10.1145/3292500.3330701 (Optuna).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from service.contract.sweep_paths import read
from service.contract.sweeps import (
    UNFINISHED_TRIALS,
    ChoiceRange,
    FloatRange,
    IntRange,
    Pruner,
    SweepSpec,
    TrialState,
    value_of,
)
from worker.training.seeds import derived_seed

Value = bool | int | float | str | None

STARTUP_TRIALS = 10
STARTUP_TO_PRUNE = 5
_DRAWS = 20

_STATES = {
    TrialState.QUEUED: OptunaState.RUNNING,  # Optuna would hand out a waiting one once more
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.SUCCEEDED: OptunaState.COMPLETE,
    TrialState.PRUNED: OptunaState.PRUNED,
    TrialState.FAILED: OptunaState.FAIL,
    TrialState.CANCELLED: OptunaState.FAIL,
}


@dataclass(frozen=True)
class Trial:
    """What is known of a trial; `values` by path, choices as text."""

    number: int
    state: TrialState
    values: Mapping[str, int | float | str]
    fold_scores: Sequence[float] = ()
    objective: float | None = None


def propose(spec: SweepSpec, trials: Sequence[Trial]) -> dict[str, int | float | str] | None:
    """Values of the next trial; None where every draw was tried before: the space is exhausted."""
    number = len(trials)
    tried = [dict(trial.values) for trial in trials]
    if number == 0:
        return _draw(spec, trials, 0) | _given(spec)
    for draw in range(_DRAWS):
        values = _draw(spec, trials, draw)
        if values not in tried:
            return values
    return None


def is_promising(spec: SweepSpec, trials: Sequence[Trial], trial: Trial) -> bool:
    """Whether a running trial is to go on; `trials` are all of the sweep."""
    if spec.pruner is Pruner.NONE or not trial.fold_scores:
        return True
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TO_PRUNE, n_min_trials=3)
    ended = [other for other in trials if other.state not in UNFINISHED_TRIALS]
    study = _study(spec, ended, optuna.samplers.RandomSampler(seed=0))
    return not pruner.prune(study, _frozen(spec, trial))


def best_of(spec: SweepSpec, trials: Sequence[Trial]) -> Trial | None:
    """The best trial that has SUCCEEDED; the first of equal ones."""
    sign = 1.0 if spec.objective.criterion == "spearman" else -1.0
    ended = [t for t in trials if t.state is TrialState.SUCCEEDED and t.objective is not None]
    return max(ended, key=lambda t: (sign * (t.objective or 0.0), -t.number), default=None)


def _given(spec: SweepSpec) -> dict[str, int | float | str]:
    """Values of the training spec itself, of those that lie in their range."""
    content = spec.training.model_dump(mode="json")
    found: dict[str, int | float | str] = {}
    for parameter in spec.parameters:
        value = read(content, parameter.path)
        if isinstance(parameter, ChoiceRange):
            same = next((text for text in parameter.choices if value_of(text) == value), None)
            if same is not None:
                found[parameter.path] = same
        elif isinstance(value, int | float) and parameter.low <= value <= parameter.high:
            found[parameter.path] = value
    return found


def _draw(spec: SweepSpec, trials: Sequence[Trial], draw: int) -> dict[str, int | float | str]:
    # Seeded anew: a sampler that is rebuilt would else repeat its first draw for ever.
    seed = derived_seed(spec.seed, "trial", len(trials), draw) % 2**32
    sampler = optuna.samplers.TPESampler(
        seed=seed, n_startup_trials=STARTUP_TRIALS, constant_liar=spec.max_parallel > 1
    )
    study = _study(spec, trials, sampler)
    return dict(study.ask(_distributions(spec)).params)


def _study(
    spec: SweepSpec, trials: Sequence[Trial], sampler: optuna.samplers.BaseSampler
) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    is_high = spec.objective.criterion == "spearman"
    direction = StudyDirection.MAXIMIZE if is_high else StudyDirection.MINIMIZE
    study = optuna.create_study(direction=direction, sampler=sampler)
    for trial in trials:
        if trial.values:
            study.add_trial(_frozen(spec, trial))
    return study


def _distributions(spec: SweepSpec) -> dict[str, BaseDistribution]:
    return {parameter.path: _distribution(parameter) for parameter in spec.parameters}


def _distribution(parameter: IntRange | FloatRange | ChoiceRange) -> BaseDistribution:
    match parameter:
        case IntRange():
            return IntDistribution(parameter.low, parameter.high, log=parameter.log)
        case FloatRange():
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log)
        case ChoiceRange():
            return CategoricalDistribution(parameter.choices)


def _frozen(spec: SweepSpec, trial: Trial) -> FrozenTrial:
    return optuna.trial.create_trial(
        state=_STATES[trial.state],
        value=trial.objective if trial.state is TrialState.SUCCEEDED else None,
        params=dict(trial.values),
        distributions=_distributions(spec),
        intermediate_values=dict(enumerate(trial.fold_scores, start=1)),
    )
