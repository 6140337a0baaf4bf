"""Search specs that contradict themselves are refused with the way out."""

import pytest
from pydantic import ValidationError

from service.contract.search import SearchSpec

SPEC = {"model_id": "model_1", "objectives": [{"label": "growth"}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"min_order": 3}, "min_order 3 is above max_order 2"),
        ({"min_order": 0}, "greater than or equal to 1"),
        ({"objectives": []}, "at least 1 item"),
        ({"objectives": [{"label": "y", "weight": "NaN"}]}, "finite number"),
        ({"objectives": [{"label": "y"}, {"label": "y"}]}, "more than once"),
        ({"pareto": True}, "pareto needs two objectives, and there are 1"),
        ({"feasibility": [{"label": "y"}]}, "give at_least, at_most, or both"),
        (
            {"feasibility": [{"label": "y", "at_least": 2, "at_most": 1}]},
            "at_least 2 is above at_most 1",
        ),
        (
            {"feasibility": [{"label": "y", "at_least": 2}, {"label": "y", "at_most": 1}]},
            "feasibility of y: at_least 2 is above at_most 1, and no design fulfils both",
        ),
        ({"seed": 1}, "Extra inputs are not permitted"),  # nothing of a search is drawn
        ({"pool": {"edits": []}}, "at least 1 item"),
        ({"pool": {"must_include": ["a:deletion", "b:deletion", "c:deletion"]}}, "raise max_order"),
        ({"strategy": "screen", "max_order": 4}, "up to 3 edits beside those of must_include"),
        (
            {"pool": {"allowed": [{"kinds": ["deletion"]}, {"kinds": ["knockdown"]}]}},
            "more than one rule",
        ),
    ],
)
def test_a_spec_that_cannot_be_carried_out_is_refused(changes, words):
    with pytest.raises(ValidationError, match=words):
        SearchSpec.model_validate(SPEC | changes)


def test_limits_of_two_labels_do_not_contradict_each_other():
    limits = [{"label": "y", "at_least": 2}, {"label": "x", "at_most": 1}]
    assert len(SearchSpec.model_validate(SPEC | {"feasibility": limits}).feasibility) == 2


def test_edits_that_every_design_holds_do_not_count_in_a_screen():
    pool = {"must_include": ["a:deletion"]}
    spec = SearchSpec.model_validate(
        SPEC | {"strategy": "screen", "max_order": 4, "pool": pool, "min_order": 2}
    )
    assert spec.max_order == 4
