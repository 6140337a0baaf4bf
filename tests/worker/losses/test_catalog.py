"""What the catalogue says of a loss is what its function takes and refuses."""

import inspect
import math

import pytest
import torch

from service.contract.losses import loss_catalog
from tests.worker.losses.families import batch
from worker.losses.batch_mixing import batch_mixing
from worker.losses.clustering_compactness import clustering_compactness
from worker.losses.composition import composition
from worker.losses.crps import crps, ensemble_crps
from worker.losses.dist import dist
from worker.losses.diversity import shannon_diversity, simpson_diversity
from worker.losses.energy_score import energy_score
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.group_lasso import group_lasso
from worker.losses.hard_concrete import hard_concrete
from worker.losses.huber import huber
from worker.losses.hurdle import hurdle
from worker.losses.infonce import infonce
from worker.losses.l1 import l1
from worker.losses.label_bins import bin_edges, binned
from worker.losses.mse import mse
from worker.losses.multi_latent import multi_latent
from worker.losses.path_reg import c_node, path_reg
from worker.losses.supcon import supcon
from worker.losses.supcr import supcr
from worker.losses.support_infonce import support_infonce
from worker.losses.tobit import tobit
from worker.losses.velocity_consistency import velocity_consistency

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
    "infonce": infonce,
    "supcon": supcon,
    "multi_latent": multi_latent,
    "support_infonce": support_infonce,
    "l1": l1,
    "group_lasso": group_lasso,
    "c_node": c_node,
    "hard_concrete": hard_concrete,
    "path_reg": path_reg,
    "batch_mixing": batch_mixing,
    "clustering_compactness": clustering_compactness,
    "velocity_consistency": velocity_consistency,
    "shannon_diversity": shannon_diversity,
    "simpson_diversity": simpson_diversity,
    "ensemble_crps": ensemble_crps,
    "energy_score": energy_score,
}
# What makes the data that a function takes; its parameters are the loss's too.
BEFORE = {"supcon": bin_edges}
# What a function is told of its data rather than of its shape.
DATA = {
    *("row_weights", "column_weights", "training_labels", "batch_size", "group_B", "present_B"),
    *("sd_BY", "censored_BY", "dead_BY", "logit_BY", "n_batches"),
}
# A job's SupCR is not the published one: its similarity is neg_l2, with a temperature for that; so
# are its InfoNCE and SupCon. Of two readings of a design neither is the anchor.
# The implementation is no choice of a job, and what comparisons with published code need is none.
OWN_DEFAULTS = {
    *((name, "temperature") for name in ("supcr", "infonce", "supcon")),
    *((name, "similarity") for name in ("supcr", "infonce", "supcon")),
    ("infonce", "symmetric"),
}
OWN_PARAMETERS = {
    "supcr": {"ties", "implementation"},
    "infonce": {"decoupled"},
    "supcon": {"reduction"},
    "batch_mixing": {"compat", "implementation"},
    "clustering_compactness": {"compat"},
    "velocity_consistency": {"compat"},
    "shannon_diversity": {"compat"},
    "simpson_diversity": {"compat"},
}
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
        "infonce": (prediction, prediction.flip(0)),
        "multi_latent": (prediction[:, None], torch.arange(8) % 3),
        "support_infonce": (prediction, prediction.flip(0), samples.transpose(0, 1)),
        "batch_mixing": (prediction, torch.arange(8) % 2),
        "clustering_compactness": (prediction, labels.nan_to_num().abs()),
        "velocity_consistency": (prediction, labels.nan_to_num(), -prediction),
        "shannon_diversity": (prediction.abs(),),
        "simpson_diversity": (prediction.abs(),),
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
        "batch_mixing": {"n_batches": 2},
    }
    if name == "supcon":
        training = [torch.linspace(-1, 1, 40).double()] * 2
        labels = binned(labels, bin_edges(training, bins=int(options.pop("bins", 4))))
    arguments = first.get(name, (prediction, labels))
    return FUNCTIONS[name](*arguments, **{**data.get(name, {}), **options})


def options_of(loss):
    """Keyword-only parameters of its function, without those that are data."""
    functions = [FUNCTIONS[loss], BEFORE[loss]] if loss in BEFORE else [FUNCTIONS[loss]]
    return {
        name: parameter
        for function in functions
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in DATA
    }


def test_every_loss_has_its_function():
    assert set(LOSSES) == set(FUNCTIONS)


@pytest.mark.parametrize("name", LOSSES)
def test_parameters_have_the_same_names(name):
    known = {parameter.name for parameter in LOSSES[name].parameters} - {"weight"}
    assert known == set(options_of(name)) - OWN_PARAMETERS.get(name, set())


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_parameters_have_the_same_defaults(name, parameter):
    default = options_of(name)[parameter.name].default
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

    A `minimum` and a `maximum` are limits of jobs alone (a temperature above 100 is a slip);
    neither infinity nor, below such a minimum, 0 is ever in.
    """
    inside, outside = [parameter.default or 0.5], []
    if parameter.minimum is not None and 0 < parameter.minimum < 1:
        inside.append(parameter.minimum)
        outside += [0.0, -1.0, math.nan, math.inf]
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
