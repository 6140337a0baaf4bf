"""Answers as columns: their JSON is that of the model, number for number."""

import json

import numpy as np
import pytest

from service.contract.inference import LabelScores, ScoreAnswer, ScoreField
from worker.inference.predictor import Predictor
from worker.inference.score_columns import answer_json, score_answer

GENOTYPES = [
    "",
    "g0:knockdown",
    "g1:knockdown@0.25+g3:knockdown",
    "g2:knockdown@-3",
    "g0:knockdown+g1:knockdown+g2:knockdown@1",
]


@pytest.fixture(scope="module")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest, model_id="model-1")


@pytest.mark.parametrize("fields", [None, *([field] for field in ScoreField), ["sd", "support"]])
def test_the_json_of_the_columns_is_that_of_the_model(predictor, fields):
    texts, designs = predictor.vocabulary.read(GENOTYPES)
    fields = None if fields is None else [ScoreField(field) for field in fields]
    found = json.loads(answer_json(predictor.columns(designs, fields), texts))
    answer = predictor.score(GENOTYPES, fields)
    assert found == answer.model_dump(mode="json", exclude_none=True)
    assert ScoreAnswer.model_validate(found) == answer
    assert list(found) == [name for name in ScoreAnswer.model_fields if name in found]
    for label in found["labels"]:
        assert list(label) == [name for name in LabelScores.model_fields if name in label]


def test_numbers_read_back_as_the_same_float64(predictor):
    genotypes = [f"g0:knockdown@{level}" for level in np.random.default_rng(0).uniform(0, 9, 500)]
    texts, designs = predictor.vocabulary.read(genotypes)
    scores = predictor.columns(designs)
    found = json.loads(answer_json(scores, texts))
    for label, columns in zip(found["labels"], scores.labels, strict=True):
        for field in (ScoreField.MEAN, ScoreField.SD, ScoreField.EXPECTED_NEUTRAL):
            assert label[field] == columns.columns[field].tolist()
        assert label["interval"]["low"] == columns.interval.low_B.tolist()


def test_rows_of_an_answer_are_the_answer_to_these_rows(predictor):
    texts, designs = predictor.vocabulary.read(GENOTYPES)
    few = score_answer(predictor.columns(designs).rows(slice(1, 3)), texts[1:3])
    alone = predictor.score(GENOTYPES[1:3])
    assert few.support == alone.support
    assert few.genotypes == alone.genotypes
    for one, other in zip(few.labels, alone.labels, strict=True):
        for field in ("mean", "sd", "expected_neutral", "y_compose"):
            np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=1e-9)
        assert one.neutral_source == other.neutral_source
