"""A sweep's spec: what it may vary, and everything that is refused before a job is queued."""

import pytest
from pydantic import ValidationError

from service.contract.sweeps import SweepSpec

TRAINING = {
    "dataset_id": "d",
    "labels": [{"name": "y"}],
    "model": {"kind": "perturbation_set"},
}
HEAD = {"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]}
DIM = {"path": "model.latent_dim", "kind": "int", "low": 8, "high": 64, "log": True}
RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2, "log": True}


def sweep(*parameters, **changes):
    training = {**TRAINING, **changes.pop("training", {})}
    return SweepSpec(training=training, parameters=parameters or (DIM,), **changes)


def test_a_trial_is_the_training_with_other_values():
    spec = sweep(DIM, RATE, HEAD)
    values = {"model.latent_dim": 16, "optimizer.learning_rate": 0.002, "model.head": "linear"}
    trained = spec.training_with(values)
    assert (trained.model.latent_dim, trained.model.head) == (16, "linear")
    assert trained.optimizer.learning_rate == 0.002
    unchanged = {"model", "optimizer"}
    assert trained.model_dump(exclude=unchanged) == spec.training.model_dump(exclude=unchanged)
    assert spec.training.model.latent_dim == 32


def test_terms_are_named_by_name_and_a_kind_takes_its_defaults_along():
    weight = {"path": "loss.terms.dist.weight", "kind": "float", "low": 0, "high": 1}
    terms = {
        term.name: term
        for term in sweep(weight).training_with({"loss.terms.dist.weight": 0.7}).loss.terms
    }
    assert (terms["dist"].weight, terms["supcr"].weight) == (0.7, 0.1)
    kinds = {"path": "model.kind", "kind": "choice", "choices": ["forest", "perturbation_set"]}
    spec = sweep(kinds, training={"model": {"kind": "perturbation_set", "latent_dim": 8}})
    assert spec.training_with({"model.kind": "forest"}).model.trees == 200
    assert spec.training_with({"model.kind": "perturbation_set"}).model.latent_dim == 8


def test_choices_are_kept_as_text_and_read_as_what_they_stand_for():
    sizes = {"path": "loss.latent_split", "kind": "choice", "choices": [0.25, None]}
    spec = sweep(sizes)
    assert spec.parameters[0].choices == ("0.25", "null")
    assert SweepSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({**DIM, "low": 64, "high": 8}, "low 64 is above high 8"),
        ({**DIM, "low": 8, "high": 8}, "low and high are both 8"),
        ({**RATE, "low": 0.0}, "a logarithmic range begins above 0"),
        ({**RATE, "low": float("nan")}, "finite number"),
        ({**HEAD, "choices": []}, "at least 1 item"),
        ({**HEAD, "choices": ["mlp"]}, "one choice is none"),
        ({**HEAD, "choices": ["mlp", "mlp"]}, "more than once"),
        ({**HEAD, "choices": ["mlp", "cubic"]}, "model.head = cubic"),
        ({**DIM, "low": 0, "log": False}, "model.latent_dim = 0"),
        ({**DIM, "high": 5000}, "model.latent_dim = 5000"),
        ({**DIM, "kind": "float"}, "valid integer"),
        ({**DIM, "path": "model.latent_dims"}, "did you mean model.latent_dim"),
        ({**DIM, "path": "loss.terms.dits.weight"}, "did you mean loss.terms.dist.weight"),
        ({**DIM, "path": "loss.terms"}, "no single value"),
        ({**DIM, "path": "model"}, "no single value"),
        ({**DIM, "path": "model.latent_dim.x"}, "no field"),
        ({**DIM, "path": "split.seed"}, "cannot be swept; what can begins with model"),
        ({**DIM, "path": "seed"}, "cannot be swept"),
        ({**DIM, "path": "ensemble_size"}, "cannot be swept"),
        ({**DIM, "path": ""}, "at least 1 character"),
        (
            {"path": "model.kind", "kind": "choice", "choices": ["auto", "forest"]},
            "auto chooses among several",
        ),
    ],
)
def test_a_range_that_is_none_is_refused(parameter, message):
    with pytest.raises(ValidationError, match=message):
        sweep(parameter)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_trials": 0}, "greater than or equal to 1"),
        ({"max_parallel": 0}, "greater than or equal to 1"),
        ({"budget_seconds": 0}, "greater than 0"),
        ({"objective": {"label": "x"}}, "objective.label x is not trained; y is"),
        ({"objective": {"criterion": "test_spearman"}}, "'spearman' or 'mse'"),
        ({"training": {"model": {"kind": "auto"}}}, "name a model, or sweep model.kind"),
        ({"pruner": "hyperband"}, "'median' or 'none'"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        sweep(RATE, **changes)


def test_conflicts_between_ranges_are_refused_together():
    kinds = {"path": "model.kind", "kind": "choice", "choices": ["forest", "perturbation_set"]}
    with pytest.raises(ValidationError) as caught:
        sweep(DIM, DIM, kinds)
    assert "model.latent_dim is swept twice" in str(caught.value)
    assert "another kind may lack it, and model.kind is swept" in str(caught.value)
