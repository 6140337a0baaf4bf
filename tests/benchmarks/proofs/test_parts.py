"""Each proof on little data, against what can be counted or is known to come out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.proofs import campaign, ecoli, emap, isoprenol
from benchmarks.proofs.campaign_sheet import sheet_picks
from benchmarks.proofs.fitting import fit_rows, one_member
from benchmarks.proofs.oracle import Oracle
from benchmarks.proofs.page import write_page
from benchmarks.proofs.pools import oracle_pool
from benchmarks.proofs.results import save
from benchmarks.proofs.steps import Figures, Steps
from service.contract.designs import parse_genotype
from service.contract.order_sheets import Acquisition

QUESTIONS = ("gap", "product")
TINY = {"model": {"kind": "perturbation_set", "latent_dim": 4}, "ensemble_size": 2, "epochs": 1}


@pytest.fixture(scope="module")
def found(small: Oracle, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """Ours all but untrained, beside the pairs and their minimum."""
    models = {ecoli.OURS: TINY, **{n: ecoli.MODELS[n] for n in ("pairwise", "minimum of pairs")}}
    task = ecoli.Task(small, models, counts=(10, 100), top=10, seeds=(0, 1))
    return ecoli.run(Steps(tmp_path_factory.mktemp("steps"), "ecoli", 8), task)


def test_gaps_are_counted_through(small: Oracle, found: Figures) -> None:
    growth = small.growth_D[small.of_order(3)]
    assert found["gaps"] == (abs(growth - small.least_of_pairs(small.sets(3))) > 0.05).sum() > 0


def test_the_minimum_knows_no_more_than_chance(found: Figures) -> None:
    recall = found["gap"]["10"]["recall"]
    by_chance = 10 / found["triples"]
    assert recall["minimum of pairs"]["value"] == pytest.approx(by_chance)
    assert recall["random"]["value"] == pytest.approx(by_chance)
    above = found["gap"]["10"]["above"]["random"]["value"]
    assert above == pytest.approx(recall[ecoli.OURS]["value"] - by_chance)


@pytest.fixture(scope="module")
def reseeded(small: Oracle, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """The same with ensembles of two other seeds."""
    models = {ecoli.OURS: TINY, **{n: ecoli.MODELS[n] for n in ("pairwise", "minimum of pairs")}}
    task = ecoli.Task(small, models, counts=(10, 100), top=10, seeds=(1, 2))
    return ecoli.run(Steps(tmp_path_factory.mktemp("steps"), "ecoli", 8), task)


def test_ensembles_are_told_by_their_median_within_all_their_intervals(reseeded: Figures) -> None:
    for figures in (reseeded["gap"]["100"], reseeded["product"]["100"]):
        first, second = figures["each"]["recall"][ecoli.OURS]
        told = figures["recall"][ecoli.OURS]
        assert told["value"] == pytest.approx((first["value"] + second["value"]) / 2)
        assert told["low"] == min(first["low"], second["low"])
        assert told["high"] == max(first["high"], second["high"])
        assert len(figures["each"]["recall"]["pairwise"]) == 1
        assert len(figures["each"]["above"]["pairwise"]) == 2
    assert sum(reseeded["gap_orbit_sizes"]) == reseeded["gaps"]
    assert len(set(reseeded["error"][ecoli.OURS])) == 2


def test_the_page_tells_of_every_training(
    found: Figures, reseeded: Figures, tmp_path: Path
) -> None:
    kept = {"ecoli": found, "ecoli_earlier": reseeded, "ecoli_seeds": reseeded}
    for name, figures in kept.items():
        shown = {key: {100: figures[key]["10"], 1000: figures[key]["100"]} for key in QUESTIONS}
        save(tmp_path / "search_proof", name, figures | shown)
    page = write_page(tmp_path / "search_proof").read_text()
    latest, earlier = (one["gap"]["100"]["recall"][ecoli.OURS] for one in (found, reseeded))
    middle = (latest["value"] + earlier["value"]) / 2
    low, high = min(latest["low"], earlier["low"]), max(latest["high"], earlier["high"])
    assert f"{middle:.3f} [{low:.3f}, {high:.3f}]" in page
    each = reseeded["gap"]["100"]["each"]["recall"][ecoli.OURS]
    first, last = sorted(one["value"] for one in each)
    assert f"**{(first + last) / 2:.2f}** ({first:.2f} to {last:.2f})" in page
    assert "| brief, seed 1 |" in page
    assert "nan" not in page


def test_every_triple_is_searched(found: Figures) -> None:
    for told in found["models"].values():
        (order,) = told["report"]["orders"]
        assert order["evaluated_count"] == found["triples"]


def test_later_designs_are_told_apart_as_by_counting(tmp_path: Path) -> None:
    task = replace(isoprenol.task_of(None, tmp_path), max_order=1, sample=50)
    asked = isoprenol.questions(task)[isoprenol.MAIN]
    score = np.random.default_rng(0).normal(size=len(task.fold.designs))
    expected = roc_auc_score(task.fold.tested.truth_K >= task.threshold, score)
    assert asked.figure(score)(np.ones((1, len(score))))[0] == pytest.approx(expected)
    assert asked.is_good_K.sum() > 20
    assert not {d.genotype for d in task.trained[0]} & {d.genotype for d in task.fold.designs}


def line(count: int = 40) -> campaign.Pool:
    """Effects that add up, of ten edits: singles, and pairs."""
    effect = np.random.default_rng(0).normal(size=10)
    texts = [f"g{i}:deletion" for i in range(10)]
    texts += [f"g{i}:deletion+g{j}:deletion" for i in range(10) for j in range(i)][:count]
    designs = tuple(parse_genotype(text) for text in texts)
    worth = np.array([sum(effect[int(e.locus[1:])] for e in d.edits) for d in designs])
    return campaign.Pool(
        label="y",
        labels=({"name": "y", "kind": "yield", "unit": "1"},),
        designs=designs,
        values=tuple((float(value),) for value in worth),
        worth_K=worth,
        start_S=np.arange(10),
    )


def test_ridge_finds_the_best_of_what_adds_up() -> None:
    ridge = campaign.ARMS["ridge"]
    played = campaign.play(line(), ridge, rounds=2, batch=4, seed=0)
    assert played["regret"][0] > 0
    assert played["regret"][1:] == [0.0, 0.0]
    assert played["top"] == [0.0, 1.0, 1.0]


TRAINED = {"model": {"kind": "gp"}, "ensemble_size": 3}


@pytest.mark.parametrize("acquisition", [None, *Acquisition])
def test_what_was_not_asked_for_is_not_known(acquisition: Acquisition | None) -> None:
    sheet = None if acquisition is None else {"acquisition": acquisition}
    pool, arm = line(), campaign.Arm(TRAINED, sheet)
    hidden = replace(
        pool,
        values=pool.values[:10] + ((None,),) * 40,
        worth_K=np.where(np.arange(50) < 10, pool.worth_K, 99.0),
    )
    chosen = [
        campaign.ask(
            *(one, one.start_S, np.arange(10, 50), arm), batch=6, rng=np.random.default_rng(3)
        )
        for one in (pool, hidden)
    ]
    assert len(set(chosen[0].tolist())) == 6
    assert np.array_equal(*chosen)


def test_a_batch_is_what_an_order_sheet_puts_on_its_rows() -> None:
    """Without diversity: the greatest lower bounds to exploit, then the best upper ones."""
    pool, asked = line(), np.arange(10, 50)
    fields = {
        "acquisition": "upper_confidence_bound", "diversity": 0.0, "explore_share": 0.5,
    }  # fmt: skip
    predictor = fit_rows(pool.rows(pool.start_S), TRAINED)
    chosen = sheet_picks(pool, pool.start_S, asked, predictor, fields, rows=6, seed=0)
    (read,) = predictor.readings([pool.designs[k] for k in asked.tolist()])
    mean_A, sd_A = read.intact_MBY.mean(axis=0), read.intact_MBY.std(axis=0, ddof=1)
    exploited = asked[np.argsort(-(mean_A - sd_A), kind="stable")[:3]]
    rest = asked[np.argsort(-(mean_A + sd_A), kind="stable")]
    explored = [k for k in rest.tolist() if k not in exploited][:3]
    assert chosen.tolist() == [*exploited.tolist(), *explored]


def test_a_pool_of_the_oracle_is_worth_what_grows(small: Oracle) -> None:
    pool = oracle_pool(small, 50, seed=1)
    assert len(pool.start_S) == 1 + len(small.genes)
    for (growth, product), worth in zip(pool.values, pool.worth_K.tolist(), strict=True):
        assert worth == (product if growth is not None and growth >= 0.5 else 0.0)


def test_interactions_are_ranked_by_their_sign() -> None:
    rng = np.random.default_rng(0)
    truth, value = rng.normal(scale=2, size=(2, 300))
    read = {
        "a": {"value": truth + value, "truth": truth, "cluster": np.arange(300)},
        "b": {"value": value, "truth": truth, "cluster": np.arange(300)},
    }
    graded = emap.graded(read, "a")
    negative = graded["negative"]["precision"]["a"]["value"]
    assert negative == pytest.approx(average_precision_score(truth <= -2.5, -(truth + value)))
    positive = graded["positive"]["precision"]["b"]["value"]
    assert positive == pytest.approx(average_precision_score(truth >= 2, value))
    assert graded["negative"]["above"]["b"]["low"] > 0


def test_the_page_begins_with_where_a_null_is_as_good(found: Figures, tmp_path: Path) -> None:
    shown: dict[str, Any] = {
        key: {100: found[key]["10"], 1000: found[key]["100"]} for key in QUESTIONS
    }
    save(tmp_path / "search_proof", "ecoli", found | shown)
    page = write_page(tmp_path / "search_proof").read_text()
    first = page.splitlines()[2]
    assert "A null does as well in: " in first
    assert (tmp_path / "search_proof" / "ecoli.svg").exists()
    assert "nan" not in page


@pytest.mark.slow
def test_campaigns_are_told_by_the_nulls_of_the_same_seeds(tmp_path: Path) -> None:
    arms = {
        name: campaign.Arm(one_member("additive"), arm.sheet, 1 if arm.seeds else None)
        for name, arm in campaign.ARMS.items()
    }
    plan = campaign.Plan("isoprenol", "1", lambda _: line(), rounds=3, batch=4, seeds=2, arms=arms)
    steps = Steps(tmp_path / "steps", "campaign", plan.step_count)
    played = campaign.run(steps, plan)
    assert steps.done == plan.step_count == 4 * 2 + 5
    assert played["against"][campaign.NETWORK]["ridge"]["regret"]["value"] == 0.0
    save(tmp_path / "search_proof", "campaign", {"isoprenol": played, "oracle": played})
    page = write_page(tmp_path / "search_proof").read_text()
    assert "campaign on oracle by order sheets, regret: **a null does as well**" in page
    assert "nan" not in page
