"""Agreement on interactions: by hand, against loops, and for models that have none."""

import math

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from tests.worker.inference.test_neutral import label
from worker.inference.interactions import MemberSingles, own_or_all, sign_agreement
from worker.inference.neutral import FITTED, Neutral
from worker.inference.predictor import Predictor
from worker.inference.vocabulary import Vocabulary
from worker.models.encoding import EditIndex

INDEX = EditIndex(["a:deletion", "b:knockdown", "c:deletion"])
GENOTYPES = [
    "",
    "b:knockdown@0.5",
    "a:deletion+c:deletion",
    "a:deletion+b:knockdown@0.5",
    "a:deletion+b:knockdown@0.25+c:deletion",
    "a:deletion+b:knockdown",
]
LABELS = [
    label("additive", "titer"),
    label("multiplicative", "fitness"),
    label("min", "viability"),
]
ALONE = {"": (2.0, 4.0), "a:deletion": (1.0, 3.0), "b:knockdown": (-1.0, 1.0)}
ALONE |= {"b:knockdown@0.5": (3.0, 1.0), "b:knockdown@0.25": (1.5, 2.0), "c:deletion": (2.5, 0.5)}


def predictions(designs):
    """Of two members, equal for all labels; singles and the reference alone are asked for."""
    value_MB = np.array([ALONE[text] for text in designs.texts(INDEX.keys)]).reshape(-1, 2).T
    return [value_MB.copy() for _ in LABELS]


def by_hand(kind, member, text):
    base = ALONE[""][member]
    alone = [ALONE[edit][member] for edit in text.split("+") if edit]
    if kind == "min":
        return min(alone, default=base)
    if kind == "multiplicative":
        return base * math.prod(max(value, 0.0) / base for value in alone)
    return base + sum(value - base for value in alone)


@pytest.mark.parametrize("repeats", [1, 2])
def test_the_neutral_of_a_member_is_made_of_its_own_predictions(repeats):
    singles = MemberSingles(LABELS, len(INDEX), predictions)
    designs = INDEX.columns([parse_genotype(text) for text in GENOTYPES])
    for _ in range(repeats):  # the second time they are known
        found = singles.neutral(designs)
    for value_MB, one in zip(found, LABELS, strict=True):
        expected = [[by_hand(one.neutral_model, m, text) for text in GENOTYPES] for m in range(2)]
        np.testing.assert_allclose(value_MB, expected, rtol=1e-12)


def test_only_fitted_neutrals_are_the_members_own():
    designs = INDEX.columns([parse_genotype(text) for text in GENOTYPES])
    expected_B = np.arange(10.0, 16.0)
    sources = np.array([FITTED, 1, FITTED, 1, 2, 2], dtype=np.int8)
    known = Neutral(expected_B, np.ones(6, dtype=np.int8))
    mixed = Neutral(expected_B, sources)
    singles = MemberSingles(LABELS[:2], len(INDEX), lambda designs: predictions(designs)[:2])
    parts = Vocabulary(INDEX.keys).parts(designs)
    first, second = singles.own_neutral(parts, [mixed, known])
    own_MB = singles.neutral(designs)[0]
    np.testing.assert_array_equal(first, np.where(sources == FITTED, own_MB, expected_B))
    assert second is None
    assert singles.own_neutral(parts, [known, known]) == [None, None]


def test_sign_agreement_by_hand():
    member_MB = np.array([[1.0, 1.0, -1.0], [2.0, -0.5, 0.0], [3.0, -0.4, -2.0]])
    share_B = sign_agreement(member_MB, member_MB.mean(axis=0), np.zeros(3))
    np.testing.assert_allclose(share_B, [1, 1 / 3, 2 / 3])


@pytest.fixture(scope="module")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest)


def test_measured_neutrals_leave_the_sd_and_additive_members_have_no_interaction(predictor):
    # Levels of 0.5 were never measured: their neutrals are fitted.
    answer = predictor.score(["g0:knockdown+g1:knockdown", "g0:knockdown@0.5+g1:knockdown"])
    for one in answer.labels:
        assert one.neutral_source == ["measured", "fitted"]
        assert one.interaction_sd[0] == pytest.approx(one.sd[0], rel=1e-12)
        assert one.sd[1] > 0
        if predictor.manifest.model_kind == "additive" and one.neutral_model == "additive":
            assert one.interaction_sd[1] == pytest.approx(0, abs=1e-12 * one.mean[1])
        assert all(0 <= share <= 1 for share in one.sign_agreement)


def test_where_a_member_expects_no_number_all_are_set_against_one_expectation():
    """A member that reads 0 at the reference multiplies by nothing; its designs are scored."""
    own_MB = np.array([[1.0, np.inf, 3.0, 4.0], [2.0, 2.0, np.nan, 5.0]])
    fitted_B = np.array([True, True, True, False])
    found = own_or_all(fitted_B, own_MB, np.array([7.0, 8.0, 9.0, 6.0]))
    np.testing.assert_array_equal(found, [[1.0, 8.0, 9.0, 6.0], [2.0, 8.0, 9.0, 6.0]])
