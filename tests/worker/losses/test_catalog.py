"""What the catalogue says of a loss is what its function takes and refuses."""

import inspect
import math

import pytest
import torch

from service.contract.losses import loss_catalog
from tests.worker.losses.families import batch
from worker.losses.composition import composition
from worker.losses.crps import crps, ensemble_crps
from worker.losses.dist import dist
from worker.losses.energy_score import energy_score
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.group_lasso import group_lasso
from worker.losses.hard_concrete import hard_concrete
from worker.losses.huber import huber
from worker.losses.hurdle import hurdle
from worker.losses.l1 import l1
from worker.losses.mse import mse
from worker.losses.path_reg import c_node, path_reg
from worker.losses.supcr import supcr
from worker.losses.tobit import tobit

FUNCTIONS = {
    "mse": mse,
    "huber": huber,
    "gaussian_nll": gaussian_nll,
    "tobit": tobit,
    "hurdle": hurdle,
    "crps": crps,
    "dist": dist,
    "supcr": supcr,
    "composition": composition,
    "l1": l1,
    "group_lasso": group_lasso,
    "c_node": c_node,
    "hard_concrete": hard_concrete,
    "path_reg": path_reg,
    "ensemble_crps": ensemble_crps,
    "energy_score": energy_score,
}
# What a function is told of its data rather than of its shape.
DATA = {"row_weights", "column_weights", "training_labels", "batch_size"} | {
    "sd_BY",
    "censored_BY",
    "dead_BY",
    "logit_BY",
}
# A job's SupCR is not the published one: its similarity is neg_l2, with a temperature for that.
# The implementation is no choice of a job, and ties as in the published code are for comparisons.
OWN_DEFAULTS = {("supcr", "temperature"), ("supcr", "similarity")}
OWN_PARAMETERS = {"supcr": {"ties", "implementation"}}
LOSSES = {loss.name: loss for loss in loss_catalog().losses}
PARAMETERS = [
    pytest.param(name, parameter, id=f"{name} {parameter.name}")
    for name, loss in LOSSES.items()
    for parameter in loss.parameters
    if parameter.name != "weight"
]


def call(name, **options):
    """The loss on a few rows, with whatever data it needs."""
    prediction, labels = batch()
    samples = torch.stack([prediction, prediction + 1, prediction - 2])
    first = {
        "composition": (torch.zeros(2), prediction, labels.nan_to_num()),
        "ensemble_crps": (samples, labels),
        "energy_score": (samples, labels),
        "l1": (prediction,),
        "group_lasso": (prediction,),
        "c_node": ([prediction],),
        "hard_concrete": (prediction,),
        "path_reg": ([prediction],),
    }
    data = {
        "gaussian_nll": {"sd_BY": torch.ones(8, 2)},
        "tobit": {"censored_BY": labels > 0},
        "dist": {"training_labels": [torch.linspace(-1, 1, 40).double()] * 2},
        "supcr": {"temperature": 1.0},
    }
    arguments = first.get(name, (prediction, labels))
    return FUNCTIONS[name](*arguments, **{**data.get(name, {}), **options})


def options_of(function):
    """Keyword-only parameters, without those that are data."""
    found = inspect.signature(function).parameters
    return {
        name: parameter
        for name, parameter in found.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in DATA
    }


def test_every_loss_has_its_function():
    assert set(LOSSES) == set(FUNCTIONS)


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_have_the_same_names(name):
    known = {parameter.name for parameter in LOSSES[name].parameters} - {"weight"}
    assert known == set(options_of(FUNCTIONS[name])) - OWN_PARAMETERS.get(name, set())


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_parameters_have_the_same_defaults(name, parameter):
    default = options_of(FUNCTIONS[name])[parameter.name].default
    if (name, parameter.name) not in OWN_DEFAULTS:
        assert parameter.default == default
    assert call(name, **{parameter.name: parameter.default}).ndim == 0


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_what_lies_in_the_range_is_taken_and_what_lies_outside_refused(name, parameter):
    if parameter.type == "boolean":
        inside, outside = [True, False], []
    elif parameter.type == "choice":
        inside, outside = parameter.choices, []
    else:
        inside, outside = edges_of(parameter)
    for value in inside:
        assert not math.isnan(call(name, **options_for(name, parameter, value)).item())
    for value in outside:
        with pytest.raises(ValueError, match=parameter.name):
            call(name, **options_for(name, parameter, value))


def edges_of(parameter):
    """Numbers just inside and just outside of a range.

    A `maximum` is a limit of jobs alone (a temperature above 100 is a slip); infinity never is in.
    """
    inside, outside = [parameter.default or 0.5], []
    if parameter.exclusive_minimum is not None:
        inside.append(parameter.exclusive_minimum + 0.01)
        outside += [parameter.exclusive_minimum, parameter.exclusive_minimum - 1, math.nan]
        outside.append(math.inf)
    if parameter.exclusive_maximum is not None:
        inside.append(parameter.exclusive_maximum - 0.01)
        outside.append(parameter.exclusive_maximum)
    return inside, outside


def options_for(name, parameter, value):
    """A value of a parameter, with the choices under which it is read at all."""
    options = {parameter.name: value}
    if name == "dist" and parameter.name in {"bandwidth", "step"}:
        options["rule"] = "kde"
    return options
