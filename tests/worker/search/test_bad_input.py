"""What is wrong with a search is told before any work starts: what, where, and what is possible."""

import pytest
from pydantic import ValidationError

from service.contract.errors import InvalidArgumentError
from service.contract.search import SearchSpec
from worker.search.plan import plan_search

BASE = {"model_id": "m", "objectives": [{"label": "yield"}], "proposal_count": 3, "max_order": 2}


def refused(models, changes, kind="additive"):
    spec = SearchSpec.model_validate(BASE | changes)
    with pytest.raises(InvalidArgumentError) as caught:
        plan_search(spec, models(kind).predictor)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"objectives": [{"label": "yeild"}]}, "objectives[0].label", "it has fitness, yield"),
        (
            {"feasibility": [{"label": "growth", "at_least": 1}]},
            "feasibility[0].label",
            "the model has no label growth",
        ),
        ({"pool": {"edits": ["g0:knockdwn"]}}, "pool.edits[0]", "unknown kind 'knockdwn'"),
        ({"pool": {"edits": ["g0:allele=xy"]}}, "pool.edits[0]", "no edit g0:allele=xy"),
        ({"pool": {"edits": ["g0:knockdown@1"]}}, "pool.edits[0]", "has no effect"),
        ({"pool": {"loci": ["g0", "g77"]}}, "pool.loci[1]", "no locus g77"),
        ({"pool": {"allowed": [{"locus": "h"}]}}, "pool.allowed[0].locus", "no locus h"),
        ({"pool": {"must_avoid": ["g0", "x:deletion"]}}, "pool.must_avoid[1]", "x:deletion"),
        ({"pool": {"must_include": ["g0:allele"]}}, "pool.must_include[0]", "g0:allele"),
        ({"background": "g0:deletion+x:deletion"}, "background[1]", "x:deletion"),
        (
            {"background": "g0:deletion", "pool": {"must_include": ["g0:deletion"]}},
            "pool.must_include",
            "g0:deletion is in the background",
        ),
        (
            {"background": "g0:deletion", "pool": {"must_include": ["g0:knockdown"]}},
            "pool.must_include",
            "exclude each other",
        ),
        (
            {"pool": {"must_include": ["g0:knockdown"], "must_avoid": ["g0"]}},
            "pool.must_include",
            "g0:knockdown is in must_avoid, too (as g0)",
        ),
        (
            {"pool": {"must_include": ["g0:knockdown", "g0:deletion"]}},
            "pool.must_include",
            "g0:deletion and g0:knockdown exclude each other",
        ),
        (
            {
                "pool": {
                    "must_include": ["g0:knockdown", "g1:knockdown"],
                    "forbidden_pairs": [["g1", "g0:knockdown"]],
                }
            },
            "pool.must_include",
            "every design holds both g1:knockdown and g0:knockdown, and they are a forbidden pair",
        ),
        (
            {"pool": {"forbidden_pairs": [["g0:knockdown", "g0:knockdown"]]}},
            "pool.forbidden_pairs[0]",
            "names g0:knockdown twice",
        ),
        ({"pool": {"forbidden_pairs": [["g0", "nine"]]}}, "pool.forbidden_pairs[0]", "locus nine"),
    ],
)
def test_a_name_or_a_contradiction_is_told(models, changes, field, told):
    error = refused(models, changes)
    (offender,) = error.offenders
    assert offender.field == field
    assert told in offender.message
    assert told in error.detail


def test_all_offenders_are_told_with_what_may_have_been_meant(models):
    pool = {"edits": ["g1:knockdown", "g1:knockdown=x"], "must_avoid": ["gg1"], "loci": ["g00"]}
    error = refused(models, {"pool": pool})
    assert [offender.field for offender in error.offenders] == [
        "pool.edits[1]",
        "pool.loci[0]",
        "pool.must_avoid[0]",
    ]
    assert "g1:knockdown" in error.offenders[0].suggestions
    assert "g0" in error.offenders[1].suggestions
    assert "g1" in error.offenders[2].suggestions
    assert "and 2 more" in error.detail


def test_an_empty_pool_says_which_rule_took_the_last_edit(models):
    pool = {"loci": ["g0"], "must_avoid": ["g0:deletion"], "min_support": 999}
    error = refused(models, {"pool": pool})
    assert error.detail == (
        "pool: no edit is left: 13 edits of the model; 13 after those that training saw; "
        "2 after loci; 1 after must_avoid; 0 after min_support 999"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"proposal_count": 92}, "there are 91 designs of 13 edits; lower it to 91"),
        (
            {"proposal_count": 79, "per_order": True},
            "the order with the most has 78 designs of 13 edits; lower it to 78",
        ),
        (
            {"pool": {"loci": ["g0", "g4"]}, "max_order": 3},
            "the pool has 4 edits, of which at most 2 can stand in one design",
        ),
        (
            {"pool": {"loci": ["g0", "g4"], "must_include": ["g4:knockdown"]}, "max_order": 3},
            "the pool has 2 edits beside 1 to include, of which at most 2",
        ),
        (
            {"strategy": "screen"},
            "strategy screen: a model of kind additive has no latent space to screen; "
            "take batched or beam",
        ),
    ],
)
def test_more_than_there_is_says_how_many_there_are(models, changes, told):
    assert told in refused(models, changes).detail


@pytest.mark.parametrize(
    "changes",
    [
        {"min_order": 0},
        {"max_order": 9},
        {"min_order": 3, "max_order": 2},
        {"objectives": [{"label": "yield", "weight": float("nan")}]},
        {"objectives": [{"label": "yield", "weight": 0}]},
        {"objectives": []},
        {"proposal_count": 0},
        {"pareto": True},
        {"strategy": "screen", "max_order": 4},
        {"pool": {"edits": []}},
        {"pool": {"must_include": ["a:deletion", "b:deletion", "c:deletion"]}},
    ],
)
def test_a_spec_that_no_model_could_follow_is_none(changes):
    with pytest.raises(ValidationError):
        SearchSpec.model_validate(BASE | changes)


def test_too_many_designs_to_score_one_by_one_names_what_works(models, monkeypatch):
    monkeypatch.setattr("worker.search.strategies.MAX_BATCHED", 50)
    told = refused(models, {"strategy": "batched"}).detail
    assert "it scores at most 50 designs one by one, and there are 91; take beam" in told


ONE_EDIT = {"objectives": [{"label": "epsilon"}], "max_order": 1}


def test_an_interaction_needs_as_many_edits_as_it_is_of(models):
    error = refused(models, ONE_EDIT, "linear")
    assert "epsilon is an interaction of 2 edits" in error.detail
    assert "raise max_order to 2" in error.detail
    assert [one.field for one in error.offenders] == ["max_order"]


@pytest.mark.parametrize(
    "changes",
    [
        {"background": "g0:knockdown"},  # one edit beside another is a pair
        {"objectives": [{"label": "epsilon"}, {"label": "yield"}]},
    ],
)
def test_one_edit_will_do_where_something_is_left_to_rank(models, changes):
    spec = SearchSpec.model_validate(BASE | ONE_EDIT | changes)
    assert plan_search(spec, models("linear").predictor).design_count > 0
