"""Training mean, pair means, edit frequency and nearest design, by hand."""

import numpy as np
import pytest

from tests.worker.models.rows import Rows
from worker.models.edit_frequency import fit_edit_frequency
from worker.models.nearest_design import fit_nearest_design
from worker.models.pair_mean import fit_pair_mean
from worker.models.train_mean import fit_train_mean

NAN = float("nan")


def test_the_training_mean_weighs_rows_and_leaves_missing_labels_out():
    rows = Rows(["", "a", "b"], [1, 4, NAN], weights=[1, 2, 5])
    np.testing.assert_allclose(rows.ask(fit_train_mean(rows.rows), "", "ab"), 3.0)


def test_pair_means_fall_back_to_edits_and_to_the_mean():
    rows = Rows(["", "ab", "ab", "abc", "cd", "d"], [0, 1, 3, 8, 5, 7])
    model = fit_pair_mean(rows.rows)
    pair_ab, pair_ac, pair_bc = (1 + 3 + 8) / 3, 8, 8
    edit_a, edit_d = (1 + 3 + 8) / 3, (5 + 7) / 2
    expected = {
        "ab": pair_ab,
        "abc": (pair_ab + pair_ac + pair_bc) / 3,
        "abe": pair_ab,  # the other pairs were not measured
        "ad": (edit_a + edit_d) / 2,
        "a": edit_a,
        "ae": edit_a,
        "": 24 / 6,
        "ef": 24 / 6,
    }
    np.testing.assert_allclose(rows.ask(model, *expected), list(expected.values()))


def test_a_pair_counts_at_any_level_and_no_effect_is_no_edit():
    rows = Rows(["a:knockdown@0.5+b:deletion", "c"], [6, 2])
    model = fit_pair_mean(rows.rows)
    np.testing.assert_allclose(rows.ask(model, "a:knockdown@0.1+b:deletion"), 6)
    np.testing.assert_allclose(rows.ask(model, "a:knockdown@1", ""), 4)


def test_frequency_counts_every_observation_and_never_a_label():
    designs = ["a", "a", "ab", "c", ""]
    rows = Rows(designs, [1, 2, 3, 4, NAN])
    model = fit_edit_frequency(rows.rows)
    share = {"a": 3 / 5, "b": 1 / 5, "c": 1 / 5}
    score = np.array([np.mean([share[x] for x in d]) if d else 0.0 for d in designs])
    asked = ["a", "b", "ac", "", "e"]
    raw = np.array([0.6, 0.2, 0.4, 0.0, 0.0])
    np.testing.assert_allclose(rows.ask(model, *asked), (raw - score.mean()) / score.std())
    other = fit_edit_frequency(Rows(designs, [9, -2, NAN, NAN, 0]).rows)
    np.testing.assert_array_equal(rows.ask(model, *asked), rows.ask(other, *asked))


def test_frequency_is_0_where_all_training_designs_are_alike():
    rows = Rows(["ab", "cd"], [1, 2])
    np.testing.assert_array_equal(rows.ask(fit_edit_frequency(rows.rows), "a", "abcd", ""), 0)


def jaccard(first, second):
    return len(set(first) & set(second)) / len(set(first) | set(second))


def test_the_nearest_design_is_by_jaccard_index_and_ties_are_averaged():
    designs = ["", "a", "ab", "abc", "cd", "de"]
    labels = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    rows = Rows(designs, labels)
    model = fit_nearest_design(rows.rows)
    for asked in ["a", "abd", "bc", "abcd", "e", "acde", "ce"]:
        index = np.array([jaccard(asked, d) for d in designs])
        literal = labels[np.isclose(index, index.max())].mean()
        assert rows.ask(model, asked) == pytest.approx(literal), asked
    assert rows.ask(model, "") == pytest.approx(1)
    assert rows.ask(model, "h") == pytest.approx(labels.mean())


def test_a_design_counts_once_however_often_it_was_measured():
    rows = Rows(["ab", "ab", "ac"], [0, 2, 4])
    assert rows.ask(fit_nearest_design(rows.rows), "a") == pytest.approx((1 + 4) / 2)


def test_levels_make_designs_nearer_or_farther_and_signs_differ():
    designs = ["a:knockdown@0.9", "a:knockdown@0.2", "b:overexpression@0", "b:overexpression@3"]
    rows = Rows(designs, [1, 2, 3, 4])
    model = fit_nearest_design(rows.rows)
    assert rows.ask(model, "a:knockdown@0.3") == pytest.approx(2)
    assert rows.ask(model, "b:overexpression@0.1") == pytest.approx(3)
    assert rows.ask(model, "b:overexpression@2") == pytest.approx(4)


@pytest.mark.parametrize("fit", [fit_train_mean, fit_pair_mean, fit_nearest_design])
def test_no_label_at_all_is_an_error(fit):
    with pytest.raises(ValueError, match="at least one label"):
        fit(Rows(["a", "b"], [NAN, NAN]).rows)
