"""What likelihoods are told of observations: by hand, and clear refusals."""

import math

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import small_spec, write_table
from worker.data.table import read_table
from worker.training.preparation import prepare

NAN = math.nan
A, B, C = "a:deletion", "b:deletion", "c:deletion"
LINEAR = {"name": "titer", "kind": "titer", "unit": "mg/L"}
EPSILON = LabelColumn(name="eps", kind="interaction", measure="epsilon", unit="relative")


def details(tmp_path, term, genotypes=(A, A, B, C), labels=None, **columns):
    """Details of the training observations, in the order of the genotypes, and their data."""
    columns = {"label__titer": [2.0, 4.0, 8.0, 16.0], **columns}
    path = write_table(tmp_path / "t", genotypes, **columns)
    labels = labels or [LabelColumn(**LINEAR)]
    spec = small_spec(
        split={"kind": "none"},
        loss={"terms": [term]},
        labels=[{"name": label.name} for label in labels],
    )
    data = prepare(spec, read_table(path), labels, [])
    return data.details, data


def test_the_mse_needs_nothing(tmp_path):
    found, _ = details(tmp_path, {"name": "mse"})
    assert found.sd_BY is found.censored_BY is found.dead_BY is None


def test_sds_of_replicates_are_those_of_their_mean(tmp_path):
    # A was measured twice: sqrt(3^2 + 4^2) / 2 = 2.5; B's is missing: the root mean square of
    # 3, 4 and 1.
    found, data = details(tmp_path, {"name": "gaussian_nll"}, sd__titer=[3.0, 4.0, NAN, 1.0])
    spread = data.standards[0].spread
    expected = np.array([2.5, math.sqrt(26 / 3), 1.0]) / spread
    np.testing.assert_allclose(found.sd_BY.numpy()[:, 0], expected)


def test_on_the_log_scale_an_sd_is_relative(tmp_path):
    label = LabelColumn(**LINEAR, scale="log", detection_limit=8)
    found, data = details(
        tmp_path, {"name": "gaussian_nll"}, labels=[label], sd__titer=[1.0, 1.0, 1.0, 4.0]
    )
    # Both values of A count as the limit, 8: sqrt(2) / 8 / 2.
    expected = np.array([math.sqrt(2) / 16, 1 / 8, 4 / 16]) / data.standards[0].spread
    np.testing.assert_allclose(found.sd_BY.numpy()[:, 0], expected)


def test_a_missing_label_has_no_sd(tmp_path):
    found, _ = details(
        tmp_path,
        {"name": "gaussian_nll"},
        labels=[LabelColumn(**LINEAR), LabelColumn(name="y", kind="fitness", unit="relative")],
        label__y=[1.0, 2.0, NAN, 3.0],
        sd__titer=[1.0] * 4,
        sd__y=[1.0] * 4,
    )
    assert np.isnan(found.sd_BY.numpy()).tolist() == [[False, False], [False, True], [False, False]]


def test_censored_is_what_all_replicates_say(tmp_path):
    # The limit is 3: of A one of two lies below; of B one, and its other value is missing.
    label = LabelColumn(**LINEAR, detection_limit=3)
    found, data = details(
        tmp_path,
        {"name": "tobit"},
        genotypes=(A, A, B, B, C),
        labels=[label],
        label__titer=[2.0, 4.0, 1.0, NAN, 3.0],
    )
    assert found.censored_BY.numpy()[:, 0].tolist() == [False, True, False]
    assert data.train.label_NY[1, 0] == 3.0  # the limit itself


def test_dead_is_at_or_below_the_threshold(tmp_path):
    found, data = details(
        tmp_path, {"name": "hurdle", "threshold": 4.0}, label__titer=[2.0, 4.0, 8.0, 4.5]
    )
    assert found.dead_BY.numpy()[:, 0].tolist() == [True, False, False]
    standard = data.standards[0]
    learned = (4.0 - standard.center) / standard.spread
    assert found.threshold_Y.tolist() == pytest.approx([learned])


def test_interactions_have_no_hurdle(tmp_path):
    found, _ = details(
        tmp_path,
        {"name": "hurdle"},
        labels=[LabelColumn(**LINEAR), EPSILON],
        label__titer=[0.0, 0.0, 8.0, 4.5],
        label__eps=[-1.0, -1.0, 0.0, 2.0],
    )
    assert found.dead_BY.numpy().tolist() == [[True, False], [False, False], [False, False]]
    assert found.threshold_Y[1].item() == -math.inf


LOG = [LabelColumn(**LINEAR, scale="log")]


@pytest.mark.parametrize(
    ("term", "options", "message"),
    [
        ({"name": "gaussian_nll"}, {}, "measured sd of every label, and label titer has none"),
        ({"name": "gaussian_nll"}, {"sd__titer": [NAN] * 4}, "label titer has none"),
        ({"name": "gaussian_nll"}, {"sd__titer": [1.0, -1.0, 1.0, 1.0]}, "has an sd below 0"),
        ({"name": "tobit"}, {}, "tobit needs a label with a detection_limit, which titer have not"),
        ({"name": "hurdle"}, {}, "no training observation lies at or below the threshold 0"),
        ({"name": "hurdle"}, {"labels": LOG}, "the threshold 0 has no log"),
    ],
)
def test_what_a_data_set_does_not_have_is_refused(tmp_path, term, options, message):
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        details(tmp_path, term, **options)
    assert caught.value.offenders[0].field == "loss.terms"
