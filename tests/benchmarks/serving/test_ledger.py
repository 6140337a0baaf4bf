"""The ledger of a soak: right answers are no faults, and each kind of wrong one is."""

import json

import pytest

from benchmarks.serving_rows.ledger import Ledger
from benchmarks.serving_rows.paced_client import Exchange

SWITCH = 100.0
MEANS = {1: [1.0, 2.0, 3.0], 2: [10.0, 20.0, 30.0]}


def heard(number, sent, answered, *, version=1, mean=None, status=200):
    value = MEANS[version][number % 3] if mean is None else mean
    answer = {"model_version": version, "labels": [{"mean": [value]}]}
    return Exchange(number, sent, answered, status, json.dumps(answer).encode())


def faults(*exchanges):
    ledger = Ledger(MEANS, old=1, new=2, switch_time=SWITCH)
    for exchange in exchanges:
        ledger.heard(exchange)
    return dict(ledger.faults())


def test_right_answers():
    assert (
        faults(
            heard(0, 1.0, 99.9),
            heard(4, 99.0, 100.1),
            heard(5, 99.5, 100.2, version=2),
            heard(6, 100.1, 101.0, version=2),
            heard(7, 100.1, 101.0, version=2, mean=20.0 * (1 + 1e-12)),
        )
        == {}
    )


@pytest.mark.parametrize(
    ("exchange", "fault"),
    [
        (heard(1, 98.0, 99.0, version=2), "wrong version"),
        (heard(1, 101.0, 102.0), "wrong version"),
        (heard(1, 1.0, 2.0, mean=2.0001), "wrong value"),
        (heard(1, 1.0, 2.0, mean=float("nan")), "wrong value"),
        (heard(1, 1.0, 2.0, mean=MEANS[1][2]), "wrong value"),  # that of another body
        (heard(1, 1.0, 2.0, status=503), "status 503"),
    ],
)
def test_each_kind_of_wrong_answer(exchange, fault):
    assert faults(heard(0, 1.0, 2.0), exchange) == {fault: 1}


def test_an_answer_too_many():
    assert faults(heard(0, 1.0, 2.0), heard(0, 1.0, 2.0)) == {"answered twice": 1}
