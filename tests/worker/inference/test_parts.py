"""Parts of a request: every design once, in bounded batches, with the scores that it has alone."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.designs import Design, parse_genotype
from service.contract.errors import DeadlineExceededError, InvalidDesignError
from worker.inference.parts import parts_of, request_order
from worker.inference.predictor import Predictor


def design_of(order: int) -> Design:
    return parse_genotype("+".join(f"g{i}:knockdown" for i in range(order)))


@given(orders=st.lists(st.integers(0, 12), max_size=30), pairs=st.integers(1, 200))
def test_parts_hold_every_design_once_and_few_pairs(orders, pairs):
    parts = parts_of(np.array(orders, dtype=np.int64), pairs)
    places = np.concatenate(parts)
    assert sorted(places) == list(range(len(orders)))
    assert places[request_order(parts)].tolist() == list(range(len(orders)))
    for part in parts:
        widest = max([1, *(orders[place] for place in part)])
        assert len(part) <= 1 or len(part) * widest**2 <= pairs


def test_one_wide_design_does_not_widen_the_others():
    orders = np.array([200, *[1] * 10_000])
    cells = [len(part) * orders[part].max() for part in parts_of(orders)]
    assert sum(cells) == 10_000 + 200


@pytest.fixture(scope="module")
def predictor(trained):
    model, _ = trained
    return Predictor.load(model.weights, model.manifest)


def test_a_score_does_not_depend_on_the_rest_of_the_request(predictor, monkeypatch):
    monkeypatch.setattr(parts_of, "__defaults__", (4,))
    genotypes = [design_of(order).genotype for order in (8, 0, 1, 3, 1, 8, 2, 0)]
    together = predictor.score(genotypes)
    for place, genotype in enumerate(genotypes):
        alone = predictor.score([genotype])
        assert together.genotypes[place] == genotype
        for many, one in zip(together.labels, alone.labels, strict=True):
            for field in ("mean", "sd", "expected_neutral", "y_compose"):
                value = getattr(many, field)[place]
                assert value == pytest.approx(getattr(one, field)[0], rel=1e-9, abs=1e-12)
            assert many.neutral_source[place] == one.neutral_source[0]
        for field in type(together.support).model_fields:
            assert getattr(together.support, field)[place] == getattr(alone.support, field)[0]


def test_a_score_that_nobody_waits_for_ends(predictor):
    with pytest.raises(DeadlineExceededError):
        predictor.score([""], deadline_unix_seconds=time.time() - 1)
    assert predictor.score([""], deadline_unix_seconds=time.time() + 60).genotypes == [""]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_prediction_that_is_no_number_is_refused_by_name(predictor):
    # The label is a log: one of the two is beyond all numbers, the other one next to 0.
    genotypes = ["g0:knockdown", "g0:knockdown@1e200", "", "g0:knockdown@-1e200"]
    with pytest.raises(InvalidDesignError, match="no finite number") as caught:
        predictor.score(genotypes)
    named = {offender.field for offender in caught.value.offenders}
    assert named
    assert named <= {"genotypes[1]", "genotypes[3]"}
