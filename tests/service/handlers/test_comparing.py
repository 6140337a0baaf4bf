"""Comparisons: figures of one test part alone, rankings of the same designs, and why not."""

import json

import pytest

from service.contract.comparisons import ComparedOn, CompareRequest
from service.contract.errors import InvalidArgumentError, NotFoundError
from service.handlers.comparing import compare
from tests.service.rows import add_model, publish_blob

SPLIT = {"kind": "random", "test_fraction": 0.2, "seed": 0}
DESIGNS = [f"g{number}:deletion" for number in range(6)]


@pytest.fixture
def database_kind():
    return "sqlite"


def label(predictions, count=6, name="titer"):
    return {
        "name": name,
        "unit": "mg/L",
        "test_design_count": count,
        "table": [{"predictor": "y_intact", "role": "model", "spearman": 0.5, "rmse": 1.0}],
        "test": {"genotype": list(predictions), "prediction": list(predictions.values())},
    }


@pytest.fixture
def add(context):
    def model(*labels, split=SPLIT, **options):
        report = {"labels": list(labels)}
        file = publish_blob(context.database, context.store, json.dumps(report).encode())
        return add_model(
            context, name="titer", split=split, report=report, report_file=file, **options
        )

    return model


def asked(*ids, **changes):
    return CompareRequest(model_ids=list(ids), **changes)


async def test_two_models_of_one_test_part_by_hand(context, caller, add):
    first = add(label(dict(zip(DESIGNS, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], strict=True))))
    other = add(label(dict(zip(reversed(DESIGNS), [6.0, 4.0, 5.0, 3.0, 2.0, 1.0], strict=True))))
    answer = await compare(context, caller, asked(first, "titer@2", top_count=2))
    assert (answer.is_same_test, answer.reasons) == (True, [])
    assert answer.compared_on is ComparedOn.TEST_PART
    assert [model.figures[0].spearman for model in answer.models] == [0.5, 0.5]
    (agreement,) = answer.agreements
    assert agreement.model_ids == (first, other)
    assert agreement.spearman == pytest.approx(1 - 6 * 2 / (6 * 35))  # one swap: sum of d^2 is 2
    assert agreement.top_overlap_count == 1
    assert agreement.chance_overlap_count == pytest.approx(2 * 2 / 6)


async def test_three_models_are_compared_two_by_two(context, caller, add):
    ids = [add(label(dict.fromkeys(DESIGNS, 1.0) | {DESIGNS[k]: 2.0})) for k in range(3)]
    answer = await compare(context, caller, asked(*ids, top_count=1))
    pairs = [agreement.model_ids for agreement in answer.agreements]
    assert pairs == [(ids[0], ids[1]), (ids[0], ids[2]), (ids[1], ids[2])]
    assert [agreement.top_overlap_count for agreement in answer.agreements] == [0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": {**SPLIT, "seed": 1}}, "different parts: train both with one `split`"),
        ({"table_sha256": "f" * 64}, "different data"),
        ({"count": 5}, "tested on 6 and 5 designs"),
        ({"name": "growth"}, "no label in common"),
    ],
)
async def test_figures_of_different_tests_are_not_shown(context, caller, add, changes, reason):
    options = {key: changes.pop(key) for key in ("split", "table_sha256") if key in changes}
    column = dict.fromkeys(DESIGNS, 1.0)
    ids = [add(label(column)), add(label(column, **changes), **options)]
    answer = await compare(context, caller, asked(*ids))
    assert answer.is_same_test is False
    assert any(reason in text for text in answer.reasons), answer.reasons
    assert any("send `genotypes`" in text for text in answer.reasons)
    assert [model.figures for model in answer.models] == [[], []]
    assert (answer.agreements, answer.compared_on) == ([], None)


async def test_models_that_held_nothing_out_are_told(context, caller, add):
    ids = [add(split={"kind": "none"}), add(split={"kind": "none"})]
    answer = await compare(context, caller, asked(*ids))
    assert "held nothing out" in answer.reasons[0]


async def test_reports_without_columns_say_what_to_send(context, caller, add):
    ids = [add(label({})), add(label({}))]
    answer = await compare(context, caller, asked(*ids))
    assert answer.is_same_test is True
    assert answer.reasons == ["titer: their reports have 0 designs in common: send `genotypes`"]
    assert answer.compared_on is None


async def test_a_constant_prediction_has_no_rank_correlation(context, caller, add):
    constant = dict.fromkeys(DESIGNS, 1.0)
    rising = {design: float(place) for place, design in enumerate(DESIGNS)}
    answer = await compare(context, caller, asked(add(label(constant)), add(label(rising))))
    assert answer.agreements[0].spearman is None


async def test_a_model_beside_itself_or_none_is_refused(context, caller, add):
    model_id = add(label({}))
    with pytest.raises(InvalidArgumentError, match="the same model"):
        await compare(context, caller, asked(model_id, "titer@1"))
    with pytest.raises(NotFoundError):
        await compare(context, caller, asked(model_id, "titer@9"))
