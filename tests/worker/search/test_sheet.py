"""Batch acquisition by hand and by sampling, parents and costs, and the sheet as a whole."""

import csv
import io

import numpy as np
import pytest
from pydantic import ValidationError

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError
from service.contract.order_sheets import Acquisition, EditCost, OrderSheetSpec
from service.contract.search import SearchSpec
from tests.worker.search.conftest import EDITS, standing
from worker.search.acquisition import acquisition, expected_improvement, lower_bound, pick_batch
from worker.search.parents import Costs, Stock
from worker.search.sheet import order_sheet, sheet_as_tsv

SEARCH = SearchSpec.model_validate(
    {"model_id": "m", "objectives": [{"label": "yield"}, {"label": "fitness", "weight": 2}]}
)


def test_expected_improvement_is_the_mean_of_what_a_normal_gains():
    rng = np.random.default_rng(0)
    utility_MC = rng.normal([0.0, 0.5, -1.0], [1.0, 0.2, 0.7], size=(5, 3))
    found = expected_improvement(utility_MC, best=0.3)
    for c in range(3):
        mean, sd = utility_MC[:, c].mean(), utility_MC[:, c].std(ddof=1)
        drawn = rng.normal(mean, sd, 400_000)
        assert found[c] == pytest.approx(np.maximum(drawn - 0.3, 0).mean(), abs=4e-3)


def test_without_an_ensemble_an_improvement_is_the_excess():
    assert expected_improvement(np.array([[1.0, 3.0]]), best=2.0).tolist() == [0.0, 1.0]


def test_bounds_lie_on_both_sides_of_the_mean():
    utility_MC = np.array([[1.0], [3.0]])
    sd = np.sqrt(2.0)
    assert lower_bound(utility_MC, 2.0)[0] == pytest.approx(2 - 2 * sd)
    upper = acquisition(
        Acquisition.UPPER_CONFIDENCE_BOUND, utility_MC, best=0.0, optimism=2.0, seed=0
    )
    assert upper()[0] == pytest.approx(2 + 2 * sd)


def test_thompson_picks_the_best_of_members_that_are_drawn():
    utility_MC = np.eye(4)
    worth = acquisition(Acquisition.THOMPSON, utility_MC, best=0.0, optimism=0.0, seed=3)
    again = acquisition(Acquisition.THOMPSON, utility_MC, best=0.0, optimism=0.0, seed=3)
    drawn = [int(np.argmax(worth())) for _ in range(200)]
    assert drawn == [int(np.argmax(again())) for _ in range(200)]
    assert set(drawn) == {0, 1, 2, 3}


def test_a_batch_is_picked_one_by_one_each_unlike_those_before():
    sets = np.array([[0, 1], [0, 2], [3, 4], [0, 1]])
    worth_C = np.array([1.0, 0.9, 0.5, 0.0])

    def picked(**options):
        values = {"diversity": 0.0, "penalty_C": np.zeros(4)} | options
        return [pick.place for pick in pick_batch(lambda: worth_C, sets, 3, **values)]

    assert picked() == [0, 1, 2]
    # 0.5 * 0.9 - 0.5 / 3 = 0.283 of the second is more than 0.25 of the third, by a little.
    assert picked(diversity=0.5) == [0, 1, 2]
    assert picked(diversity=0.6) == [0, 2, 1]
    assert picked(penalty_C=np.array([0.2, 0, 0, 0])) == [1, 0, 2]
    assert picked(begun=[0]) == [1, 2, 3]


def test_the_cheapest_parent_leaves_the_least_to_pay():
    costs = Costs(
        [
            EditCost(name="deletion", cost=3),
            EditCost(name="b:knockdown", cost=2),
            EditCost(name="b:knockdown@0.1", cost=7),
        ],
        1.0,
    )
    stock = Stock(["a:deletion", "b:knockdown", "b:knockdown@0.1+c:allele", "z:allele"], costs)

    def built(genotype, **options):
        build = stock.cheapest(parse_genotype(genotype), **options)
        return build.parent.genotype, "+".join(map(str, build.edits_to_make)), build.cost

    assert built("a:deletion+b:knockdown") == ("a:deletion", "b:knockdown", 2)
    assert built("a:deletion+b:knockdown@0.1") == ("a:deletion", "b:knockdown@0.1", 7)
    assert built("a:deletion+b:knockdown@0.1+c:allele") == (
        "b:knockdown@0.1+c:allele",
        "a:deletion",
        3,
    )
    assert built("c:insertion") == ("", "c:insertion", 1)
    assert built("a:deletion") == ("a:deletion", "", 0)
    assert built("a:deletion", anew=True) == ("", "a:deletion", 3)
    assert built("", anew=True) == ("", "", 0)


def sheet_spec(**changes):
    measured = [{"genotype": text, "utility": float(place)} for place, text in enumerate(EDITS[:6])]
    return OrderSheetSpec.model_validate(
        {"measured": measured, "controls": ["", ""], "stock": EDITS[:3], "seed": 1} | changes
    )


@pytest.fixture(scope="session")
def candidates():
    edits = [parse_genotype(text).edits[0] for text in EDITS]
    return [design.genotype for size in (1, 2) for design in standing(edits, size)]


@pytest.mark.parametrize("kind", list(Acquisition))
def test_a_sheet_has_every_role_and_builds_every_strain(models, candidates, kind):
    predictor = models("gp").predictor
    rows = order_sheet(sheet_spec(acquisition=kind), SEARCH, candidates, predictor)
    roles = [row.role.value for row in rows]
    assert [row.row for row in rows] == list(range(1, 49))
    assert {role: roles.count(role) for role in roles} == {
        "exploit": 29,
        "explore": 14,
        "rebuild": 3,
        "control": 2,
    }
    new = [row.genotype for row in rows if row.role in {"exploit", "explore"}]
    assert len(set(new)) == 43
    assert not set(new) & set(EDITS[:6])
    # Three of the upper half (utilities 5, 4, 3) of six that were measured.
    assert [row.worth for row in rows if row.role == "rebuild"] == [5.0, 4.0, 3.0]
    for row in rows:
        made = [*parse_genotype(row.parent).edits, *map(str, row.edits_to_make)]
        assert "+".join(sorted(map(str, made))) == "+".join(
            sorted(map(str, parse_genotype(row.genotype).edits))
        )
        assert row.parent in {"", *EDITS[:3]}
        assert row.cost == len(row.edits_to_make)
    answer = predictor.score([row.genotype for row in rows])
    for y, label in enumerate(answer.labels):
        np.testing.assert_allclose([row.labels[y].mean for row in rows], label.mean, rtol=1e-9)
        np.testing.assert_allclose([row.labels[y].sd for row in rows], label.sd, rtol=1e-6)
    again = order_sheet(sheet_spec(acquisition=kind), SEARCH, candidates, predictor)
    assert again == rows


def test_what_is_exploited_without_diversity_are_the_best_lower_bounds(models, candidates):
    model = models("gp")
    rows = order_sheet(sheet_spec(diversity=0.0), SEARCH, candidates, model.predictor)
    left = [parse_genotype(text) for text in candidates if text not in EDITS[:6]]
    bounds = []
    for read in model.readings(left):
        utility = read[1][1] + 2 * read[0][1]
        bounds.append(utility.mean() - utility.std(ddof=1))
    worth = [row.worth for row in rows if row.role == "exploit"]
    np.testing.assert_allclose(worth, sorted(bounds, reverse=True)[:29], rtol=1e-9)


def test_a_sheet_is_a_table_for_the_bench(models, candidates):
    rows = order_sheet(sheet_spec(), SEARCH, candidates, models("gp").predictor)
    text = sheet_as_tsv(rows).decode()
    table = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
    assert len(table) == 48
    assert list(table[0])[:6] == [
        "row",
        "role",
        "genotype",
        "parent",
        "edits_to_make",
        "edit_count",
    ]
    assert "yield mean [g/g]" in table[0]
    for row, cells in zip(rows, table, strict=True):
        assert cells["genotype"] == row.genotype
        assert float(cells["cost"]) == row.cost
        assert int(cells["edit_count"]) == len(row.edits_to_make)


def test_costs_steer_the_sheet_away(models, candidates):
    costs = [{"name": "deletion", "cost": 10}]
    spec = sheet_spec(costs=costs, cost_weight=1.0)
    rows = order_sheet(spec, SEARCH, candidates, models("gp").predictor)
    new = [row for row in rows if row.role in {"exploit", "explore"}]
    assert not any("deletion" in row.genotype for row in new)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"row_count": 96}, "91 rows are to be filled, and 80 of 86 candidates"),
        ({"costs": [{"name": "g7:deletion", "cost": 1}]}, "g7:deletion is no kind and no edit"),
    ],
)
def test_a_sheet_that_cannot_be_filled_says_why(models, candidates, changes, told):
    with pytest.raises(InvalidArgumentError, match=told):
        order_sheet(sheet_spec(**changes), SEARCH, candidates, models("gp").predictor)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"row_count": 5}, "controls and rebuilds take 5 of 5 rows"),
        ({"costs": [{"name": "part", "cost": 1}] * 2}, "more than one for part"),
        ({"costs": [{"name": "part", "cost": float("nan")}]}, "finite"),
    ],
)
def test_a_spec_that_cannot_be_followed_is_refused(changes, told):
    with pytest.raises(ValidationError, match=told):
        sheet_spec(**changes)
