"""The table of `cellgebra score` is for programs: every digit, every field that was asked for."""

import pytest

from tests.service.cli.conftest import MODEL

ANSWER = {
    "model_id": "model_1",
    "vocabulary_sha256": "c" * 64,
    "genotypes": ["a:deletion", ""],
    "labels": [
        {
            "name": "titer",
            "unit": "mg/L",
            "neutral_model": "multiplicative",
            "mean": [123456.78901234567, 0.1 + 0.2],
            "neutral_source": ["measured", "fitted"],
            "interval": {
                "level": 0.9,
                "calibrated_on": "random",
                "low": [1.0, 1e-300],
                "high": [2.5, 3.0],
            },
            "sign_agreement": [1.0, 0.5],
        }
    ],
    "support": {
        "design_count": [3, 0],
        "edit_count_min": [7, None],
        "pair_count_min": [None, None],
        "is_higher_order": [True, False],
    },
}


@pytest.fixture
def scored(asked):
    """The table of a score, as cells, and what was said beside it."""
    answers = {"GET /v1/models/m@1": MODEL, "POST /v1/models/m@1:score": ANSWER}

    def run(fields):
        done = asked(answers, "score", "m@1", "a:deletion", "", "--fields", fields)
        return [line.split("\t") for line in done.stdout.splitlines()], done.stderr

    return run


def test_numbers_come_with_all_their_digits(scored):
    head, *lines = scored("mean,interval")[0]
    assert head == ["genotype", "titer mean (mg/L)", "titer low (mg/L)", "titer high (mg/L)"]
    label = ANSWER["labels"][0]
    told = [[float(cell) for cell in line[1:]] for line in lines]
    bounds = label["interval"]
    columns = (label["mean"], bounds["low"], bounds["high"])
    assert told == [list(row) for row in zip(*columns, strict=True)]


def test_the_support_of_designs_comes_when_it_is_asked_for(scored):
    head, first, second = scored("support, mean")[0]
    assert head == [
        "genotype",
        "support design_count",
        "support edit_count_min",
        "support pair_count_min",
        "support is_higher_order",
        "titer mean (mg/L)",
    ]
    assert first == ["a:deletion", "3", "7", "", "true", "123456.78901234567"]
    assert second == ["", "0", "", "", "false", "0.30000000000000004"]


def test_what_has_no_unit_is_given_none(scored):
    head, first, _ = scored("neutral_source,sign_agreement")[0]
    assert head == ["genotype", "titer neutral_source", "titer sign_agreement"]
    assert first == ["a:deletion", "measured", "1.0"]


def test_a_field_that_the_model_does_not_give_is_told_of(scored):
    table, said = scored("mean,sd")
    assert table[0] == ["genotype", "titer mean (mg/L)"]
    assert said == "cellgebra: m@1 gives no sd\n"
