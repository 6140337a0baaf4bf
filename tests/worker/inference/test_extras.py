"""What is included on request: states, the nearest measured designs, gradients by a law."""

import time

import numpy as np
import pytest
from safetensors.torch import load

from service.contract.designs import parse_genotype
from service.contract.errors import DeadlineExceededError, FailedPreconditionError
from service.contract.inference import ScoreExtra
from tests.worker.inference.test_interactions import INDEX
from worker.inference.extras import extras_of, gradients_of
from worker.inference.nearest import nearest_by_edits
from worker.inference.predictor import Predictor
from worker.inference.score_columns import ScoreExtras, score_answer

GENOTYPES = ["", "g0:knockdown@0.4", "g1:knockdown+g3:knockdown@0.3", "g2:knockdown+g5:knockdown"]

LEVELED = [(1, "g0:knockdown@{}", 0.4), (2, "g1:knockdown+g3:knockdown@{}", 0.3)]


@pytest.fixture(scope="module")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest, model_id="model-1")


def score_designs(predictor, genotypes, fields=None, include=()):
    texts, designs = predictor.vocabulary.read(genotypes)
    extras = extras_of(predictor, designs, include)
    return score_answer(predictor.columns(designs, fields), texts, extras)


def test_nothing_is_included_that_was_not_asked_for(predictor):
    assert score_designs(predictor, GENOTYPES) == predictor.score(GENOTYPES)


def test_a_gradient_is_the_slope_of_the_mean_along_the_level(predictor):
    # Effects of knock-downs are 1 - level: slopes by levels are those by effects, negative.
    answer = score_designs(predictor, GENOTYPES, ["mean"], [ScoreExtra.GRADIENT])
    step = 1e-4
    for y, label in enumerate(answer.labels):
        assert [len(one.values) for one in label.gradient] == [0, 1, 2, 2]
        for place, text, level in LEVELED:
            ends = [text.format(level + step), text.format(level - step)]
            above, below = predictor.score(ends, ["mean"]).labels[y].mean
            slope = label.gradient[place].values[-1]
            assert slope == pytest.approx((below - above) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("trained", ["additive"], indirect=True)
def test_an_additive_model_has_its_weights_for_a_gradient(trained):
    model, _ = trained
    predictor = Predictor.load(model.weights, model.manifest)
    _, designs = predictor.vocabulary.read(GENOTYPES)
    weight_MYE = load(model.weights)["additive.weight_MYE"].numpy()
    for y, (label, slope_J) in enumerate(
        zip(model.manifest.labels, gradients_of(predictor, designs), strict=True)
    ):
        weight_MJ = weight_MYE[:, y, designs.edit_J] * label.spread
        place_J = np.repeat(np.arange(len(designs)), designs.orders)
        value_MJ = predictor.readings(designs)[y].intact_MBY[:, place_J]
        if label.transform == "identity":
            value_MJ = np.ones_like(value_MJ)  # not on a logarithm: d exp(u) = exp(u) du
        np.testing.assert_allclose(slope_J, (weight_MJ * value_MJ).mean(axis=0), rtol=1e-5)


def test_a_measured_design_is_its_own_nearest(trained, predictor):
    _, designs = trained
    chosen = sorted({parse_genotype(text).genotype for text in designs})[:20]
    nearest = score_designs(predictor, chosen, ["mean"], [ScoreExtra.NEAREST]).nearest
    assert [near.genotype for near in nearest] == chosen
    assert max(near.distance for near in nearest) < 1e-6
    counts = [sum(parse_genotype(text).genotype == one for text in designs) for one in chosen]
    assert [near.row_count for near in nearest] == counts
    assert all(value.value is not None for near in nearest for value in near.labels)


def test_states_are_composed_in_the_first_member(predictor):
    asked = [ScoreExtra.Z]
    if predictor.manifest.model_kind == "additive":
        with pytest.raises(FailedPreconditionError, match="no latent space"):
            score_designs(predictor, GENOTYPES, ["mean"], asked)
        return
    answer = score_designs(predictor, GENOTYPES, ["mean", "y_compose"], asked)
    members = len(predictor.ensemble.members)
    z_MSD = np.repeat(np.array([one.values for one in answer.z])[None], members, axis=0)
    read = predictor.state_readings(z_MSD)
    compose = predictor.readings([parse_genotype(text) for text in GENOTYPES])
    for states, label in zip(read, compose, strict=True):
        np.testing.assert_allclose(states[0], label.compose_MBY[0], rtol=1e-9)


@pytest.mark.parametrize("extra", [ScoreExtra.NEAREST, ScoreExtra.GRADIENT])
def test_what_nobody_waits_for_ends(predictor, extra):
    _, designs = predictor.vocabulary.read(GENOTYPES)
    past, future = time.time() - 1, time.time() + 60
    with pytest.raises(DeadlineExceededError):
        extras_of(predictor, designs, [extra], deadline_unix_seconds=past)
    assert extras_of(predictor, designs, [extra], deadline_unix_seconds=future) != ScoreExtras()


def test_the_nearest_by_edits_by_hand():
    known = ["", "a:deletion", "a:deletion+b:knockdown@0.5"]
    asked = ["b:knockdown@0.9", "a:deletion+c:deletion", "a:deletion+b:knockdown"]
    asked_SE, known_KE = (
        INDEX.matrix([parse_genotype(text) for text in texts]) for texts in (asked, known)
    )
    found = nearest_by_edits(asked_SE, known_KE)
    assert [one.place_N.tolist() for one in found] == [[0], [1], [2]]
    np.testing.assert_allclose([one.distance_N[0] for one in found], [0.1, 1.0, 0.5])
