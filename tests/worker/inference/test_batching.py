"""Requests scored together: each gets what it would get alone."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.contract.errors import InvalidDesignError
from service.contract.genotype_reader import GenotypeReader
from worker.inference.batching import score_requests
from worker.inference.predictor import Predictor
from worker.inference.score_columns import answer_json

DESIGNS = ["", "g1:knockdown", "g0:knockdown+g1:knockdown", "g2:knockdown@0.5+g7:knockdown"]
REQUESTS = st.lists(
    st.fixed_dictionaries(
        {
            "genotypes": st.lists(st.sampled_from(DESIGNS), min_size=1, max_size=4),
            "fields": st.sampled_from([None, ["mean"], ["sd", "mean"], ["support", "interval"]]),
            "interval_level": st.sampled_from([0.8, 0.5]),
        }
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="session")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest, model_id="model-1")


def as_sent(predictor, request):
    """A request as a front end sends it: places in the model's edits for texts."""
    read = GenotypeReader(predictor.manifest.edits).read(request["genotypes"])
    sent = {name: value for name, value in request.items() if name != "genotypes"}
    return {**sent, "designs": read.packed(), "design_count": len(read.genotypes)}


def scored(predictor, requests):
    return score_requests(predictor, [as_sent(predictor, request) for request in requests])


def require_close(one, other):
    """The same JSON, but for the last digits: a batch adds up in another order."""
    if isinstance(one, dict):
        assert set(one) == set(other)
        for name in one:
            require_close(one[name], other[name])
    elif isinstance(one, list) and one and isinstance(one[0], float):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    elif isinstance(one, list) and one and isinstance(one[0], dict):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            require_close(*pair)
    else:
        assert one == other


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(requests=REQUESTS)
def test_each_gets_what_it_would_get_alone(predictor, requests):
    for request, part in zip(requests, scored(predictor, requests), strict=True):
        alone = predictor.score(
            request["genotypes"], request["fields"], interval_level=request["interval_level"]
        )
        whole = alone.model_dump(mode="json", exclude_none=True, exclude={"genotypes"})
        require_close(json.loads(part), whole)


def test_those_together_have_the_bytes_of_their_own_rows(predictor):
    texts, designs = predictor.vocabulary.read(DESIGNS)
    scores = predictor.columns(designs)
    one, rest = scored(predictor, [{"genotypes": texts[:1]}, {"genotypes": texts[1:]}])
    assert one == answer_json(scores.rows(slice(0, 1)), None)
    assert rest == answer_json(scores.rows(slice(1, 4)), None)


def test_a_design_that_cannot_be_scored_is_the_error_of_its_own_request(predictor):
    genotypes = [["g1:knockdown"], ["", "g1:knockdown@1e300"], [""]]
    parts = scored(predictor, [{"genotypes": texts} for texts in genotypes])
    assert [type(part) for part in parts] == [bytes, InvalidDesignError, bytes]
    assert parts[1].offenders[0].field == "genotypes[1]"


def test_what_one_request_includes_is_not_in_the_others(predictor):
    plain = {"genotypes": DESIGNS[:2], "fields": ["mean"]}
    requests = [plain, plain | {"include": ["gradient"]}, plain | {"include": ["nearest"]}]
    none, gradient, nearest = (json.loads(part) for part in scored(predictor, requests))
    for label in gradient["labels"]:
        assert [len(one["values"]) for one in label.pop("gradient")] == [0, 1]
    assert [near["genotype"] for near in nearest.pop("nearest")] == DESIGNS[:2]
    require_close(gradient, none)
    require_close(nearest, none)
