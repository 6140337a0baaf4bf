"""What a sweep tries: a law of its spec and of what came before, never of luck or of a process."""

import pytest

from service.contract.sweeps import SweepSpec, TrialState
from worker.training.sweep_study import STARTUP_TO_PRUNE, Trial, best_of, is_promising, propose

DIM = {"path": "model.latent_dim", "kind": "int", "low": 8, "high": 64, "log": True}
RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2, "log": True}
HEAD = {"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]}


def sweep(*parameters, **changes):
    training = {
        "dataset_id": "d",
        "labels": [{"name": "y"}],
        "model": {"kind": "perturbation_set"},
    }
    return SweepSpec(training=training, parameters=parameters or (DIM, RATE, HEAD), **changes)


def bowl(values):
    """Highest at a learning rate of 0.001, and better with an mlp."""
    rate = values["optimizer.learning_rate"]
    return -abs(rate - 0.001) * 100 + (values["model.head"] == "mlp")


def run(spec, count, objective=bowl):
    trials = []
    for number in range(count):
        values = propose(spec, trials)
        score = objective(values)
        trials.append(Trial(number, TrialState.SUCCEEDED, values, (score,), score))
    return trials


def test_the_same_seed_and_results_give_the_same_trials():
    first, second = (run(sweep(seed=3), 14) for _ in range(2))
    assert [t.values for t in first] == [t.values for t in second]
    other = run(sweep(seed=4), 14)
    assert [t.values for t in other][1:] != [t.values for t in first][1:]


def test_what_came_before_decides_once_there_is_enough_of_it():
    spec = sweep(seed=1)
    up, down = run(spec, 20), run(spec, 20, lambda values: -bowl(values))
    same = [a.values == b.values for a, b in zip(up, down, strict=True)]
    assert all(same[:10])  # drawn at random
    assert not all(same[10:])


def test_the_first_trial_is_the_training_itself_where_it_is_in_range():
    narrow = {**DIM, "low": 40, "high": 64}
    values = propose(sweep(narrow, RATE, HEAD), [])
    assert (values["optimizer.learning_rate"], values["model.head"]) == (0.003, "mlp")
    assert 40 <= values["model.latent_dim"] <= 64


def test_every_value_is_in_its_range_and_makes_a_training():
    spec = sweep(seed=9)
    for trial in run(spec, 15):
        assert 8 <= trial.values["model.latent_dim"] <= 64
        assert 1e-4 <= trial.values["optimizer.learning_rate"] <= 1e-2
        spec.training_with(trial.values)


def test_it_finds_what_is_better():
    best = best_of(sweep(seed=0), run(sweep(seed=0), 40))
    assert best.values["model.head"] == "mlp"
    assert best.objective > 0.95


def test_no_values_come_twice_and_a_space_that_is_used_up_ends():
    spec = sweep(HEAD)
    trials = run(spec, 2, lambda _: 0.0)
    assert {t.values["model.head"] for t in trials} == {"linear", "mlp"}
    assert propose(spec, trials) is None


def test_trials_under_way_are_not_tried_again():
    spec = sweep(HEAD, max_parallel=2)
    first = Trial(0, TrialState.RUNNING, propose(spec, []))
    assert propose(spec, [first]) != first.values


@pytest.mark.parametrize(("criterion", "best"), [("spearman", 2), ("mse", 1)])
def test_the_best_is_high_or_low_by_the_criterion_and_has_ended_well(criterion, best):
    spec = sweep(objective={"criterion": criterion})
    trials = [
        Trial(0, TrialState.SUCCEEDED, {}, (), 0.5),
        Trial(1, TrialState.SUCCEEDED, {}, (), 0.2),
        Trial(2, TrialState.SUCCEEDED, {}, (), 0.9),
        Trial(3, TrialState.SUCCEEDED, {}, (), 0.9),
        Trial(4, TrialState.PRUNED, {}, (2.0,)),
        Trial(5, TrialState.PRUNED, {}, (-2.0,)),
    ]
    assert best_of(spec, trials).number == best
    assert best_of(spec, trials[4:]) is None


def earlier(scores):
    values = {"model.head": "mlp"}
    return [Trial(n, TrialState.SUCCEEDED, values, (s, s), s) for n, s in enumerate(scores)]


@pytest.mark.parametrize(
    ("criterion", "score", "goes_on"),
    [("spearman", 0.1, False), ("spearman", 0.9, True), ("mse", 0.1, True), ("mse", 0.9, False)],
)
def test_a_trial_worse_than_the_median_is_given_up(criterion, score, goes_on):
    spec = sweep(HEAD, objective={"criterion": criterion})
    known = earlier([0.3, 0.4, 0.5, 0.6, 0.7])
    running = Trial(5, TrialState.RUNNING, {"model.head": "linear"}, (score,))
    assert is_promising(spec, [*known, running], running) is goes_on
    unpruned = sweep(HEAD, objective={"criterion": criterion}, pruner="none")
    assert is_promising(unpruned, [*known, running], running)


def test_nothing_is_given_up_before_there_is_something_to_compare_with():
    spec = sweep(HEAD)
    running = Trial(9, TrialState.RUNNING, {"model.head": "linear"}, (-1.0,))
    few = earlier([0.5] * (STARTUP_TO_PRUNE - 1))
    assert is_promising(spec, [*few, running], running)
    silent = Trial(9, TrialState.RUNNING, {"model.head": "linear"}, ())
    assert is_promising(spec, [*earlier([0.5] * 9), silent], silent)
