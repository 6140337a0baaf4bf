"""Splits, replicates and standardisation."""

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import CYCLE, small_spec, write_table
from worker.data.table import read_table
from worker.training.preparation import prepare
from worker.training.seeds import inner_folds

LINEAR = LabelColumn(name="titer", kind="titer", unit="mg/L")
A, B, C, AB = "a:deletion", "b:deletion", "c:deletion", "a:deletion+b:deletion"
BY_CYCLE = {"kind": "covariate", "covariate": "cycle", "test": ["1"]}


def prepared(tmp_path, genotypes, cycles, titers, *, split=BY_CYCLE, label=LINEAR, **columns):
    path = write_table(
        tmp_path / "t", genotypes, label__titer=titers, covariate__cycle=cycles, **columns
    )
    spec = small_spec(split=split)
    return prepare(spec, read_table(path), [label], [CYCLE])


def names(part):
    return [design.genotype for design in part.designs]


def test_controls_designs_on_both_sides_and_unseen_edits_are_not_tested_on(tmp_path):
    data = prepared(
        tmp_path,
        genotypes=["", A, B, A, AB, C, ""],
        cycles=["0", "0", "0", "1", "1", "1", "1"],
        titers=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    )
    assert names(data.train) == ["", A, B]
    assert names(data.test) == [AB]
    assert data.left_out == {
        "test_control_row_count": 1,
        "design_on_both_sides_count": 1,
        "design_with_unseen_edit_count": 1,
    }
    assert data.index.keys == (A, B)


def test_a_test_part_without_any_known_design_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="test part is empty"):
        prepared(tmp_path, ["", A, C], ["0", "0", "1"], [1.0, 2.0, 3.0])


def test_replicates_of_a_build_count_once_and_builds_equally(tmp_path):
    # Build x was measured three times (mean 2), build y once (8): the design's mean is 5.
    data = prepared(
        tmp_path,
        genotypes=[A, A, A, A, B],
        cycles=["0"] * 5,
        titers=[1.0, 2.0, 3.0, 8.0, 4.0],
        split={"kind": "none"},
        build=["x", "x", "x", "y", None],
    )
    assert data.train.label_NY[:, 0].tolist() == [2.0, 8.0, 4.0]
    assert data.train.design_means()[:, 0].tolist() == [5.0, 4.0]
    assert data.train.row_count_K.tolist() == [4, 1]
    standard = data.standards[0]
    assert standard.center == pytest.approx(14 / 3)
    np.testing.assert_allclose(data.standardized(data.train).std(), 1)


def test_replicates_without_a_build_are_one_observation_a_batch(tmp_path):
    data = prepared(
        tmp_path, [A, A, A, B], ["0", "0", "2", "0"], [1.0, 3.0, 9.0, 4.0], split={"kind": "none"}
    )
    assert [names(data.train)[k] for k in data.train.design_N] == [A, A, B]
    offset = data.batch_offsets[0].levels["cycle"]
    raw = data.train.label_NY[:, 0] + [offset["0"], offset["2"], offset["0"]]
    assert raw.tolist() == pytest.approx([2.0, 9.0, 4.0])


def test_replicates_are_averaged_on_the_learned_scale(tmp_path):
    label = LINEAR.model_copy(update={"scale": "log"})
    data = prepared(
        tmp_path, [A, A, B], ["0"] * 3, [1.0, 100.0, 5.0], split={"kind": "none"}, label=label
    )
    assert np.exp(data.train.label_NY[0, 0]) == pytest.approx(10.0)


def test_interaction_labels_keep_their_zero(tmp_path):
    label = LabelColumn(name="titer", kind="interaction", measure="epsilon", unit="1")
    data = prepared(tmp_path, [A, AB], ["0", "0"], [0.0, 4.0], split={"kind": "none"}, label=label)
    assert data.standards[0].center == 0
    assert data.standardized(data.train)[0, 0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_random_split_holds_out_groups_and_keeps_controls(tmp_path, seed):
    genotypes = ["", *(f"a:knockdown@0.{i}" for i in range(11, 99, 2) if i % 10)][:41]
    families = {g: f"family{i // 4}" for i, g in enumerate(genotypes[1:])}
    data = prepared(
        tmp_path,
        genotypes,
        ["0"] * 41,
        np.arange(41.0),
        split={"kind": "random", "test_fraction": 0.3, "seed": seed},
        group=["control", *families.values()],
    )
    assert "" in names(data.train)
    assert (len(names(data.train)), len(names(data.test))) == (1 + 28, 12)
    sides = [{families[g] for g in names(part) if g} for part in (data.train, data.test)]
    assert not sides[0] & sides[1]


def test_inner_folds_never_split_a_group():
    group_N = np.repeat(np.arange(23), 3)
    fold_N = inner_folds(group_N, 5, seed=1)
    assert all(len(set(fold_N[group_N == g])) == 1 for g in range(23))
    sizes = np.bincount(fold_N)[:5] // 3
    assert sizes.max() - sizes.min() <= 1
    assert (fold_N != inner_folds(group_N, 5, seed=2)).any()


def test_offsets_of_batches_are_told_from_the_designs_in_them(tmp_path):
    # Cycle 1 reads 3 higher; it also holds the better designs, which must stay better.
    loci = [f"g{i}" for i in range(12)]
    genotypes = [f"{x}:deletion" for x in loci for _ in range(2)]
    truth = np.repeat(np.arange(12.0), 2)
    cycles = ["1" if i % 2 or value > 8 else "0" for i, value in enumerate(truth)]
    shift = np.where(np.array(cycles) == "1", 3.0, 0.0)
    data = prepared(tmp_path, genotypes, cycles, truth + shift, split={"kind": "none"})
    offsets = data.batch_offsets[0].levels["cycle"]
    assert offsets["1"] - offsets["0"] == pytest.approx(3.0, abs=0.2)
    means = data.train.design_means()[:, 0]
    known = np.array([float(d.edits[0].locus[1:]) for d in data.train.designs])
    np.testing.assert_allclose(means - means.mean(), known - known.mean(), atol=0.4)


def test_one_batch_has_no_offset(tmp_path):
    data = prepared(tmp_path, [A, B], ["0", "0"], [1.0, 3.0], split={"kind": "none"})
    assert data.batch_offsets[0].levels == {"cycle": {"0": 0.0}}
    assert data.train.label_NY[:, 0].tolist() == [1.0, 3.0]


def test_what_designs_of_one_batch_have_in_common_is_no_offset(tmp_path):
    # Singles fill cycle 0, pairs cycle 1 and do better; the reference says that cycles are alike.
    singles = [f"g{i}:deletion" for i in range(8)]
    pairs = [f"g{i}:deletion+g{j}:deletion" for i in range(8) for j in range(i)]
    references = [5.0, 5.1, 4.9, 5.05, 4.95, 5.0]
    genotypes = [*singles, *pairs, *[""] * 6]
    cycles = [*"0" * 8, *"1" * 28, *"000111"]
    data = prepared(
        tmp_path, genotypes, cycles, [4.0] * 8 + [7.0] * 28 + references, split={"kind": "none"}
    )
    assert data.batch_offsets[0].levels == {"cycle": {"0": 0.0, "1": 0.0}}


@pytest.mark.parametrize(
    "split",
    [BY_CYCLE, {"kind": "random", "test_fraction": 0.3, "seed": 1}],
    ids=lambda s: s["kind"],
)
def test_offsets_know_nothing_of_what_is_held_out(tmp_path, split):
    singles = [f"g{i}:deletion" for i in range(6)]
    repeated = ["", *(f"{a}+{b}" for i, b in enumerate(singles) for a in singles[:i])]
    genotypes = [*repeated * 3, *singles]  # singles are in cycle 1 alone
    cycles = np.array([*"0" * 16, *"1" * 16, *"2" * 16, *"1" * 6])
    titers = np.random.default_rng(0).normal(5, 0.2, 54) + 2.0 * cycles.astype(float)
    data = prepared(tmp_path, genotypes, cycles, titers, split=split)
    held_out = np.isin(genotypes, names(data.test))
    assert held_out.sum() >= 6
    changed = prepared(tmp_path, genotypes, cycles, np.where(held_out, -50.0, titers), split=split)
    assert (changed.test.label_NY == -50.0).all()
    assert changed.batch_offsets[0].levels == data.batch_offsets[0].levels
    assert (changed.train.label_NY == data.train.label_NY).all()
    assert max(abs(v) for v in data.batch_offsets[0].levels["cycle"].values()) > 0.5
