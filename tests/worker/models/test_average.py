"""The mean of several models: by hand, through safetensors, and the law of its error."""

import numpy as np
import pytest
from pydantic import ValidationError
from safetensors.numpy import load, save

from service.contract.models import AverageSpec
from tests.worker.models.rows import Rows, random_rows
from worker.models.average import fit_average
from worker.models.classical import fit_model, load_model
from worker.models.forest import fit_forest
from worker.models.gp import fit_gp
from worker.models.saturating import fit_saturating_effects

ASKED = ["", "a", "ab", "ca", "abc", "dfe", "h"]


@pytest.fixture(scope="module")
def rows():
    return random_rows(80)


@pytest.fixture(scope="module")
def fitted(rows):
    return fit_model(AverageSpec(), rows.rows)


def test_it_is_the_mean_of_the_models_fitted_alone(rows, fitted):
    forest, gp = (rows.ask(fit(rows.rows), *ASKED) for fit in (fit_forest, fit_gp))
    assert np.abs(forest - gp).max() > 0.01
    np.testing.assert_allclose(rows.ask(fitted, *ASKED), (forest + gp) / 2, rtol=1e-12)


def test_three_models_count_a_third_each_in_whatever_order_they_are_named(rows):
    kinds = ["additive", "saturating", "nearest_design"]
    answers = [
        rows.ask(fit_average(rows.rows, models=order), *ASKED) for order in (kinds, kinds[::-1])
    ]
    alone = [rows.ask(fit_average(rows.rows, models=[kind]), *ASKED) for kind in kinds]
    np.testing.assert_array_equal(*answers)
    np.testing.assert_allclose(answers[0], np.mean(alone, axis=0), rtol=1e-12)


def test_its_squared_error_is_that_of_the_models_less_the_variance_between_them(rows, fitted):
    truth = rows.ask(fit_saturating_effects(rows.rows), *ASKED)  # any truth will do
    each = np.stack([rows.ask(model, *ASKED) for model in fitted.models.values()])
    own = (rows.ask(fitted, *ASKED) - truth) ** 2
    np.testing.assert_allclose(own, ((each - truth) ** 2).mean(axis=0) - each.var(axis=0))


def test_safetensors_and_back_change_no_bit(rows, fitted):
    stored = load(save({name: array.copy() for name, array in fitted.arrays().items()}))
    assert {name.partition(".")[0] for name in stored} == {"forest", "gp"}
    loaded = load_model("average", stored)
    np.testing.assert_array_equal(rows.ask(loaded, *ASKED), rows.ask(fitted, *ASKED))


def test_without_a_label_nothing_is_fitted():
    with pytest.raises(ValueError, match="at least one label"):
        fit_average(Rows(["a", "b"], [np.nan, np.nan]).rows)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["gp"], "at least 2 items"),
        (["gp", "gp"], "each model is named once"),
        (["gp", "multiplicative"], "Input should be"),
        (["gp", "average"], "Input should be"),
    ],
)
def test_what_has_no_mean_is_refused(models, message):
    with pytest.raises(ValidationError, match=message):
        AverageSpec(models=models)
