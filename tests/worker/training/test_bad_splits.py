"""Splits and labels that nothing can be measured on: clear errors, or a rule that is stated."""

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import (
    CYCLE,
    FITNESS,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.training.run import train_model

ADDITIVE = {"kind": "additive"}


def run(path, **changes):
    spec = small_spec(**{"model": ADDITIVE, "ensemble_size": 5} | changes)
    return train_model(spec, path, [TITER, FITNESS], [CYCLE], identity=IDENTITY)


def table_of(path, designs, titer=None, **columns):
    values = np.exp(log_titer(designs)) if titer is None else titer
    return write_table(path / "t.parquet", designs, label__titer=values, **columns)


PAIRS = ["", "g0:knockdown", "g1:knockdown", "g0:knockdown+g1:knockdown"]


@pytest.mark.parametrize(
    ("designs", "split", "message"),
    [
        (["", "g0:knockdown"], {"kind": "random"}, "1 design group that could be held out"),
        (["g0:knockdown"] * 5, {"kind": "random"}, "1 design group that could be held out"),
        (["g0:knockdown"] * 5, {"kind": "none"}, "the same value throughout"),
        (["g0:knockdown", "g1:knockdown"], {"kind": "random"}, "that several designs hold"),
        (["", ""], {"kind": "random"}, "no design group that could be held out"),
        (PAIRS, {"kind": "order", "max_train_order": 2}, "no design has more than 2 edits"),
        (PAIRS, {"kind": "gene", "test": ["g1"]}, "without features of genes"),
        (PAIRS, {"kind": "gene", "test": ["g7"]}, "has no gene g7"),
        (PAIRS, {"kind": "query_pair"}, "no query pair that could be held out"),
        (PAIRS, {"kind": "group", "test": ["nobody"]}, "has no group nobody"),
        (PAIRS, {"kind": "covariate", "covariate": "plate", "test": ["1"]}, "no covariate plate"),
        (PAIRS, {"kind": "covariate", "covariate": "cycle", "test": ["9"]}, "has no value 9"),
        (PAIRS, {"kind": "forward", "covariate": "cycle"}, "cycle has one value"),
        (PAIRS, {"kind": "random", "folds": 9}, "9 folds of 3 design groups"),
    ],
)
def test_a_split_that_leaves_nothing_says_what_to_do(tmp_path, designs, split, message):
    path = table_of(tmp_path, designs, covariate__cycle=["1"] * len(designs))
    with pytest.raises(InvalidArgumentError, match=message):
        run(path, split=split)


def test_designs_of_both_sides_leave_nothing_to_test(tmp_path):
    designs = ["g0:knockdown", "g1:knockdown"] * 2
    cycles = ["1", "1", "2", "2"]
    path = table_of(tmp_path, designs, covariate__cycle=cycles)
    with pytest.raises(InvalidArgumentError, match=r"test part is empty.*design_on_both_sides"):
        run(path, split={"kind": "covariate", "covariate": "cycle", "test": ["2"]})


def test_a_constant_label_is_refused(tmp_path):
    path = table_of(tmp_path, random_designs(30), titer=np.full(30, 5.0))
    with pytest.raises(InvalidArgumentError, match="the same value throughout the training part"):
        run(path)


def test_a_label_without_any_value_is_refused_by_name(tmp_path):
    path = table_of(tmp_path, random_designs(30), titer=np.full(30, np.nan))
    with pytest.raises(InvalidArgumentError, match="label titer has no value in the training part"):
        run(path)


@pytest.mark.parametrize("model", [ADDITIVE, {"kind": "auto"}])
def test_a_test_part_of_one_value_ranks_nothing_and_gives_no_advice(tmp_path, model):
    designs = random_designs(60)
    cycle = np.arange(60) % 3
    titer = np.where(cycle == 0, 5.0, np.exp(log_titer(designs)))
    path = table_of(tmp_path, designs, titer, covariate__cycle=cycle.astype(str).tolist())
    split = {"kind": "covariate", "covariate": "cycle", "test": ["0"]}
    label = run(path, split=split, model=model, ensemble_size=2).report.labels[0]
    assert label.test_design_count > 5
    assert "nothing ranks them" in label.verdict
    assert "Use the" not in label.verdict
    assert (label.best_null, label.spearman_differences, label.pearson_differences) == (
        None,
        (),
        (),
    )


def test_a_label_that_is_nine_tenths_missing_is_measured_on_what_is_there(tmp_path):
    designs = random_designs(300, seed=2)
    titer = np.exp(log_titer(designs))
    titer[np.arange(300) % 10 != 0] = np.nan
    label = run(table_of(tmp_path, designs, titer)).report.labels[0]
    assert 0 < label.test_design_count < label.train_design_count < 30
    assert label.train_design_count + label.test_design_count <= 30
    assert label.verdict
    assert label.headline.reason is not None
    assert all(row.spearman_interval is None or row.spearman is not None for row in label.table)


def test_a_label_without_a_test_design_has_no_figures_and_says_so(tmp_path):
    designs = random_designs(60, seed=3)
    fitness = np.random.default_rng(0).normal(1, 0.1, 60)
    cycles = np.arange(60) % 3
    fitness[cycles == 2] = np.nan
    path = table_of(
        tmp_path, designs, label__fitness=fitness, covariate__cycle=cycles.astype(str).tolist()
    )
    trained = run(
        path,
        labels=[{"name": "titer"}, {"name": "fitness"}],
        split={"kind": "covariate", "covariate": "cycle", "test": ["2"]},
    )
    titer, empty = trained.report.labels
    assert titer.test_design_count > 0
    assert (empty.test_design_count, empty.test, empty.calibration) == (0, None, None)
    assert [row.spearman for row in empty.table] == [None]
    assert "Too few test designs" in empty.verdict
    assert "0 test designs have two edits or more" in empty.headline.statement


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_handful_of_test_designs_is_reported_without_intervals(tmp_path, count):
    designs = [*random_designs(60, seed=3), *(f"g0:knockdown+g{i}:knockdown" for i in range(3, 7))]
    once = dict.fromkeys(parse_genotype(design).genotype for design in designs)
    kept = [d for d in once if not {"g0", "g3"} < {e[:2] for e in d.split("+")}]
    groups = ["tested" if i < count else d for i, d in enumerate(kept[1:])]
    tested = [f"t{i}" if g == "tested" else g for i, g in enumerate(groups)]
    path = table_of(tmp_path, kept[1:], group=tested)
    names = [name for name in tested if name.startswith("t")]
    label = run(path, split={"kind": "group", "test": names}).report.labels[0]
    assert label.test_design_count == count
    assert label.spearman_differences == ()
    assert "Too few test designs" in label.verdict
    assert [c.reliability for c in label.ceilings] == [None] * 4


def test_nothing_held_out_claims_nothing(tmp_path):
    label = run(table_of(tmp_path, random_designs(30)), split={"kind": "none"}).report.labels[0]
    assert (label.test_design_count, label.test, label.groups) == (0, None, ())
    assert "claims nothing" in label.verdict


@pytest.mark.parametrize("kind", ["perturbation_set", "gp"])
def test_one_design_that_was_built_often_trains_a_model(tmp_path, kind):
    builds = np.exp(np.random.default_rng(0).normal(3, 0.1, 6))
    path = table_of(tmp_path, ["g0:knockdown"] * 6, builds, build=list("abcdef"))
    told = run(path, model={"kind": kind}, split={"kind": "none"}, ensemble_size=2).told()
    assert told.labels[0].train_design_count == 1


def test_a_member_without_a_label_in_its_part_learns_from_all_of_them(tmp_path):
    designs = random_designs(40)
    titer = np.exp(log_titer(designs))
    group = ["labelled"] * 6 + [f"g{place}" for place in range(34)]
    titer[6:] = np.nan
    path = table_of(tmp_path, designs, titer, group=group)
    spec = {"model": {"kind": "perturbation_set", "latent_dim": 4}, "split": {"kind": "none"}}
    trained = run(path, **spec, epochs=2)
    assert trained.manifest.member_count == 5
